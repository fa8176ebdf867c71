//! Lists: a stream of items that fetches the next page while you work on this one.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream, Stream, StreamExt as _, TryStreamExt as _};

/// One page, and where the next begins.
#[derive(Debug, Clone)]
pub struct Page<T, C> {
    /// The items. May be none although there is a next page.
    pub items: Vec<T>,
    /// The position of the next page; none after the last.
    pub next: Option<C>,
}

/// A list, as a stream of items. Ends after the first error.
#[must_use = "a list fetches nothing until it is polled"]
pub struct Listing<T, E> {
    items: BoxStream<'static, Result<T, E>>,
}

/// Where a list stands.
enum Position<C, J> {
    At(C),
    Fetching(J),
    End,
}

impl<T, E> Listing<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    /// A list that starts at `first` and gets each page from `fetch`.
    ///
    /// The page after the one you read is already on its way. A position that comes up twice ends the list
    /// with `looped`: the other side is going round in circles.
    pub fn new<C, F, Fut>(first: C, fetch: F, looped: fn() -> E) -> Self
    where
        C: Clone + Eq + Hash + Send + 'static,
        F: Fn(C) -> Fut + Send + Sync + Clone + 'static,
        Fut: Future<Output = Result<Page<T, C>, E>> + Send + 'static,
    {
        let state = (Position::At(first.clone()), HashSet::from([first]));
        let pages = stream::unfold(state, move |(position, mut seen)| {
            let fetch = fetch.clone();
            async move {
                let page = match position {
                    Position::End => return None,
                    Position::At(at) => fetch(at).await,
                    Position::Fetching(task) => Ahead::join(task).await,
                };
                let page = match page {
                    Ok(page) => page,
                    Err(error) => return Some((Err(error), (Position::End, seen))),
                };
                let position = match page.next {
                    None => Position::End,
                    Some(at) if seen.insert(at.clone()) => Position::Fetching(Ahead::spawn(fetch(at))),
                    Some(_) => return Some((Err(looped()), (Position::End, seen))),
                };
                Some((Ok(page.items), (position, seen)))
            }
        });
        let items = pages.map_ok(|items| stream::iter(items.into_iter().map(Ok))).try_flatten().boxed();
        Self { items }
    }

    /// All items at once.
    ///
    /// # Errors
    ///
    /// What the first failing page met; the items before it are dropped, so that half a list is never taken
    /// for a whole one.
    pub async fn collect_all(self) -> Result<Vec<T>, E> {
        self.items.try_collect().await
    }
}

/// A page that is fetched while the one before is read. Dropped, it is given up.
struct Ahead<T>(tokio::task::JoinHandle<T>);

impl<T: Send + 'static> Ahead<T> {
    fn spawn(fetch: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(fetch))
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

impl<T, E> Stream for Listing<T, E> {
    type Item = Result<T, E>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.poll_next_unpin(cx)
    }
}

impl<T, E> fmt::Debug for Listing<T, E> {
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

    type Numbers = Listing<u32, &'static str>;

    fn list(pages: Vec<(Vec<u32>, Option<usize>)>) -> Numbers {
        let pages = std::sync::Arc::new(pages);
        Listing::new(
            0_usize,
            move |at| {
                let (items, next) = pages[at].clone();
                async move { Ok(Page { items, next }) }
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
