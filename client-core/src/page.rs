//! Lists: a stream of items that fetches the next page while you work on this one.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};
use tracing::Instrument as _;

/// One page, and where the next begins.
pub struct Page<T, E, C> {
    /// Reads the items. They are read after the next page is asked for, so that the one works while the
    /// other is on its way. An item that cannot be read is an error of its own and costs no other.
    items: Box<dyn FnOnce() -> Vec<Result<T, E>> + Send>,
    next: Option<C>,
}

impl<T, E, C> Page<T, E, C>
where
    T: Send + 'static,
{
    /// A page of `items`, which may be none although there is a next page. `next` is its position; none after
    /// the last.
    pub fn new(items: Vec<T>, next: Option<C>) -> Self {
        Self::unread(move || items.into_iter().map(Ok).collect(), next)
    }

    /// A page whose items are read by `items`, while the next one is on its way.
    pub fn unread(items: impl FnOnce() -> Vec<Result<T, E>> + Send + 'static, next: Option<C>) -> Self {
        Self { items: Box::new(items), next }
    }
}

impl<T, E, C> fmt::Debug for Page<T, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Page")
    }
}

/// A list, as a stream of items.
///
/// An item that cannot be read is an error in its place, and the list goes on after it. An error that costs
/// more than an item (a page that cannot be had) ends the list.
#[must_use = "a list fetches nothing until it is polled"]
pub struct Listing<T, E, C> {
    pages: Pages<T, E, C>,
    /// Where the page begins that the last item came from.
    position: C,
    page: vec::IntoIter<Result<T, E>>,
}

/// Pages that were read, each with where it begins.
type Stretch<T, E, C> = BoxStream<'static, Result<(C, Vec<Result<T, E>>), E>>;

enum Pages<T, E, C> {
    Unopened(Box<dyn Fn(C) -> Stretch<T, E, C> + Send>),
    Open(Stretch<T, E, C>),
}

/// Where a list stands.
enum Place<C, J> {
    At(C),
    Fetching(C, J),
    End,
}

impl<T, E, C> Listing<T, E, C>
where
    T: Send + 'static,
    E: Send + 'static,
    C: Clone + Eq + Hash + Send + 'static,
{
    /// A list that starts at `first` and gets each page from `fetch`.
    ///
    /// The page after the one you read is already on its way. A position that comes up twice ends the list
    /// with `looped`: the other side is going round in circles.
    pub fn new<F, Fut>(first: C, fetch: F, looped: fn() -> E) -> Self
    where
        F: Fn(C) -> Fut + Send + Clone + 'static,
        Fut: Future<Output = Result<Page<T, E, C>, E>> + Send + 'static,
    {
        let open = move |first| pages(first, fetch.clone(), looped);
        Self { pages: Pages::Unopened(Box::new(open)), position: first, page: Vec::new().into_iter() }
    }

    /// Starts at `position`, which [`position`](Self::position) told before. Only before the first item.
    pub fn starting_at(mut self, position: C) -> Self {
        self.position = position;
        self
    }

    /// Where the page begins that the last item came from: a list that starts there brings this page's items
    /// again, and all that follow. So whoever stores it now and then loses nothing by a crash.
    pub fn position(&self) -> &C {
        &self.position
    }

    /// All items at once.
    ///
    /// # Errors
    ///
    /// The first error met; the items before it are dropped, so that half a list is never taken for a
    /// whole one.
    pub async fn collect_all(self) -> Result<Vec<T>, E> {
        self.try_collect().await
    }
}

fn pages<T, E, C, F, Fut>(first: C, fetch: F, looped: fn() -> E) -> Stretch<T, E, C>
where
    T: Send + 'static,
    E: Send + 'static,
    C: Clone + Eq + Hash + Send + 'static,
    F: Fn(C) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Page<T, E, C>, E>> + Send + 'static,
{
    let state = (Place::At(first.clone()), HashSet::from([first]), fetch);
    let pages = stream::unfold(state, move |(place, mut seen, fetch)| async move {
        let (at, page) = match place {
            Place::End => return None,
            // A task of its own too: parked in the middle of it, the list would keep others waiting.
            Place::At(at) => (at.clone(), Ahead::join(Ahead::spawn(fetch(at))).await),
            Place::Fetching(at, task) => (at, Ahead::join(task).await),
        };
        let page = match page {
            Ok(page) => page,
            Err(error) => return Some((Err(error), (Place::End, seen, fetch))),
        };
        let place = match page.next {
            None => Place::End,
            Some(next) if seen.insert(next.clone()) => {
                Place::Fetching(next.clone(), Ahead::spawn(fetch(next)))
            }
            Some(_) => return Some((Err(looped()), (Place::End, seen, fetch))),
        };
        Some((Ok((at, (page.items)())), (place, seen, fetch)))
    });
    pages.boxed()
}

/// A page that is fetched whether or not the list is polled. Dropped, it is given up.
struct Ahead<T>(tokio::task::JoinHandle<T>);

impl<T: Send + 'static> Ahead<T> {
    fn spawn(fetch: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(fetch.in_current_span()))
    }

    async fn join(mut self) -> T {
        match (&mut self.0).await {
            Ok(page) => page,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // Only dropping it, or the runtime's end, cancels it; in neither case does anybody wait.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

impl<T> Drop for Ahead<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

// Nothing in it is pinned in place.
impl<T, E, C> Unpin for Listing<T, E, C> {}

impl<T, E, C: Clone> Stream for Listing<T, E, C> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(item) = this.page.next() {
                return Poll::Ready(Some(item));
            }
            match &mut this.pages {
                Pages::Unopened(open) => this.pages = Pages::Open(open(this.position.clone())),
                Pages::Open(pages) => match ready!(pages.poll_next_unpin(cx)) {
                    Some(Ok((position, items))) => {
                        this.position = position;
                        this.page = items.into_iter();
                    }
                    Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                    None => return Poll::Ready(None),
                },
            }
        }
    }
}

impl<T, E, C> fmt::Debug for Listing<T, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listing")
    }
}

/// Splits the values of `Link` headers (RFC 8288) into `(target, relation)`.
///
/// A server may send one header a link or several links in one header: give all values of the header.
///
/// ```
/// let values = [r#"<https://h/a?x=1,2>; rel="self", <https://h/b>; rel=next"#];
/// let links: Vec<_> = values.into_iter().flat_map(client_core::links).collect();
/// assert_eq!(links, [("https://h/a?x=1,2", "self"), ("https://h/b", "next")]);
/// ```
pub fn links(value: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    let mut rest = value;
    while let Some(open) = rest.find('<') {
        let Some(close) = rest[open..].find('>').map(|at| at + open) else { break };
        let target = &rest[open + 1..close];
        let parameters = &rest[close + 1..];
        let end = parameters.find('<').unwrap_or(parameters.len());
        let relation = parameters[..end].split([';', ',']).find_map(|parameter| {
            let (name, value) = parameter.trim().split_once('=')?;
            name.trim().eq_ignore_ascii_case("rel").then(|| value.trim().trim_matches('"'))
        });
        if let Some(relation) = relation {
            links.push((target, relation));
        }
        rest = &parameters[end..];
    }
    links
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Numbers = Listing<u32, &'static str, usize>;

    fn list(pages: Vec<(Vec<u32>, Option<usize>)>) -> Numbers {
        let pages = std::sync::Arc::new(pages);
        Listing::new(
            0_usize,
            move |at| {
                let (items, next) = pages[at].clone();
                async move { Ok(Page::new(items, next)) }
            },
            || "loop",
        )
    }

    #[tokio::test]
    async fn an_empty_page_with_a_next_one_is_not_the_end() {
        let all = list(vec![(vec![1], Some(1)), (vec![], Some(2)), (vec![2], None)]).collect_all().await;
        assert_eq!(all, Ok(vec![1, 2]));
    }

    #[tokio::test]
    async fn a_list_that_goes_in_circles_ends_with_an_error() {
        let all = list(vec![(vec![1], Some(1)), (vec![2], Some(0))]).collect_all().await;
        assert_eq!(all, Err("loop"));
    }

    proptest! {
        #[test]
        fn links_never_panics(value in ".*") {
            links(&value);
        }
    }
}
