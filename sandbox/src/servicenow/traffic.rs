//! Who is served when: sessions, the nodes that they are on, and the threads that a node has for REST.
//!
//! It is reckoned when a request comes, from what came before: when its session is free, then when a thread is. What
//! it asks for is done at once all the same, so that requests take effect in the order of the log.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::http::{Answer, Ask};
use crate::id;
use crate::record::SessionRecord;

/// What an instance can take at once. The default is an instance of one node as it comes, whose work takes no time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capacity {
    /// How many nodes it has. Sessions are dealt out among them in turn. Default 1.
    pub nodes: usize,
    /// How many threads a node has for REST (the pool `API_INT`). Default 4.
    pub threads: usize,
    /// How many requests may wait for a node's threads. One more is answered 429, without a `Retry-After`. Default 50.
    pub queue: usize,
    /// How many requests may wait for their session. One more is dropped with an empty 202. Default 10.
    pub session_queue: usize,
    /// `glide.integration.session_timeout`: a session that was idle for so many seconds is over. Default 60.
    pub session_seconds: u32,
    /// How long a thread works on a request, in milliseconds. Default 0. Answers are held back for that and for the
    /// waits before it, which `Server-Timing` tells, unless the clock is frozen: then they come at once.
    pub work_millis: u32,
    /// Answers have no `Server-Timing`, as on older releases.
    pub untold: bool,
}

impl Default for Capacity {
    fn default() -> Self {
        Self {
            nodes: 1,
            threads: 4,
            queue: 50,
            session_queue: 10,
            session_seconds: 60,
            work_millis: 0,
            untold: false,
        }
    }
}

/// The sessions and nodes of an instance.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    sessions: Vec<Session>,
    by_cookie: HashMap<String, usize>,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Session {
    id: String,
    /// The credentials that began it. Others are served in another.
    owner: String,
    node: usize,
    last: i64,
    work: Vec<Work>,
    record: SessionRecord,
}

#[derive(Debug, Default)]
struct Node {
    /// When each is free.
    threads: Vec<i64>,
    work: Vec<Work>,
}

/// From when to when a request is worked on.
#[derive(Debug, Clone, Copy)]
struct Work {
    start: i64,
    end: i64,
}

/// How a request is served. Times are in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Visit {
    session: String,
    pub(super) node: usize,
    session_wait: i64,
    thread_wait: i64,
    work: i64,
    untold: bool,
}

impl Visit {
    /// A visit that leaves no trace: of somebody unknown.
    pub(super) fn passing(ask: &Ask) -> Self {
        Self { session: id::sha256_hex(&ask.request_id), ..Self::default() }
    }

    /// Adds what an answer tells of it.
    pub(super) fn told(&self, mut answer: Answer) -> Answer {
        let Self { session, thread_wait, session_wait, .. } = self;
        if !self.untold {
            let timing = format!(
                "t;desc=\"{}\", sem_wait;dur={thread_wait}, sesh_wait;dur={session_wait}",
                &session[..12]
            );
            answer = answer.header("server-timing", &timing);
        }
        let held = session_wait + thread_wait + self.work;
        answer.held = Duration::from_millis(held.unsigned_abs());
        answer
            .header("set-cookie", &format!("JSESSIONID={}; Path=/; HttpOnly", &session[..32].to_uppercase()))
            .header("set-cookie", &format!("glide_user_route=glide.{}; Path=/; HttpOnly", &session[..32]))
            .header(
                "set-cookie",
                &format!("glide_session_store={}; Max-Age=300; Path=/; HttpOnly", &session[32..]),
            )
    }
}

impl Traffic {
    /// Lets a request in, or says how it is turned away.
    pub(super) fn enter(&mut self, ask: &Ask, capacity: &Capacity) -> (Visit, Option<Answer>) {
        let now = ask.at.timestamp_millis();
        let index = self.session(ask, now, capacity);
        let session = &mut self.sessions[index];
        if self.nodes.len() <= session.node {
            self.nodes.resize_with(session.node + 1, Node::default);
        }
        let node = &mut self.nodes[session.node];
        let (id, untold) = (session.id.clone(), capacity.untold);
        let mut visit = Visit { session: id, node: session.node, untold, ..Visit::default() };

        session.work.retain(|work| work.end > now);
        node.work.retain(|work| work.end > now);
        node.threads.resize(capacity.threads.max(1), now);
        session.record.requests += 1;
        session.record.most_at_once = session.record.most_at_once.max(session.work.len() + 1);
        let ready = session.work.iter().map(|work| work.end).max().unwrap_or(now);
        if ready > now && waiting(&session.work, now) >= capacity.session_queue {
            return (visit, Some(Answer::empty(202)));
        }
        let Some(thread) = node.threads.iter_mut().min() else { return (visit, None) };
        if *thread > ready && waiting(&node.work, now) >= capacity.queue {
            return (visit, Some(full()));
        }
        let start = ready.max(*thread);
        let work = Work { start, end: start + i64::from(capacity.work_millis) };
        *thread = work.end;
        session.work.push(work);
        node.work.push(work);
        (visit.session_wait, visit.thread_wait) = (ready - now, start - ready);
        visit.work = capacity.work_millis.into();
        (visit, None)
    }

    /// The session that the request names, if it may go on; else a new one.
    fn session(&mut self, ask: &Ask, now: i64, capacity: &Capacity) -> usize {
        let owner = ask.header("authorization").unwrap_or_default();
        let lasts = i64::from(capacity.session_seconds) * 1000;
        let known = cookie(ask).and_then(|cookie| self.by_cookie.get(cookie).copied());
        let known = known.filter(|index| {
            let session = &self.sessions[*index];
            session.owner == owner && now < session.last + lasts
        });
        let index = known.unwrap_or_else(|| self.begin(ask, owner, capacity));
        self.sessions[index].last = now;
        index
    }

    fn begin(&mut self, ask: &Ask, owner: &str, capacity: &Capacity) -> usize {
        let (id, index) = (id::sha256_hex(&ask.request_id), self.sessions.len());
        self.by_cookie.insert(id[..32].to_uppercase(), index);
        self.sessions.push(Session {
            id,
            owner: owner.to_owned(),
            node: index % capacity.nodes.max(1),
            last: 0,
            work: Vec::new(),
            record: SessionRecord { requests: 0, most_at_once: 0 },
        });
        index
    }

    pub(crate) fn sessions(&self) -> Vec<SessionRecord> {
        self.sessions.iter().map(|session| session.record).collect()
    }
}

fn waiting(work: &[Work], now: i64) -> usize {
    work.iter().filter(|work| work.start > now).count()
}

fn cookie(ask: &Ask) -> Option<&str> {
    ask.header("cookie")?.split(';').find_map(|pair| pair.trim().strip_prefix("JSESSIONID="))
}

/// No thread, and no place to wait for one: the refusal comes from before REST, as a page.
fn full() -> Answer {
    Answer::html(429, "<html><head><title>Too many requests</title></head><body></body></html>")
}
