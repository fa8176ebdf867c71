//! What the benches share: measuring ways to do one thing against a reference, and telling how they compare.
//!
//! Absolute times are the machine's. What a bench answers is a ratio. So that a machine which is busy with
//! something else changes both sides of it, each sample measures the reference too, right after the way itself.

pub mod pages;

use std::cell::RefCell;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use futures::{Stream, StreamExt as _};
use tokio::runtime::Runtime;

/// Fewer samples than this are a test that the bench works, and no measurement.
const ENOUGH: usize = 10;

/// A reference, and what was found of ways to do the same.
#[expect(missing_debug_implementations, reason = "criterion's group has none")]
pub struct Comparison<'a, R> {
    title: &'static str,
    group: BenchmarkGroup<'a, WallTime>,
    runtime: &'a Runtime,
    reference: R,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    name: &'static str,
    /// What one took, sample by sample, sorted.
    times: Vec<Duration>,
    /// The same by the reference's time of the same sample, sorted.
    ratios: Vec<f64>,
}

impl<'a, R: AsyncFn()> Comparison<'a, R> {
    /// Begins a comparison, and measures the reference by itself.
    pub fn new(
        criterion: &'a mut Criterion,
        runtime: &'a Runtime,
        title: &'static str,
        name: &'static str,
        reference: R,
    ) -> Self {
        let mut group = criterion.benchmark_group(title);
        group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4)).sample_size(30);
        group.bench_function(name, |bencher| {
            bencher.to_async(runtime).iter_custom(|times| time(times, &reference));
        });
        Self { title, group, runtime, reference, lines: Vec::new() }
    }

    /// Measures one way. One call of `way` does `units` of what the reference does one of.
    ///
    /// # Panics
    ///
    /// If a sample has billions of iterations.
    pub fn measure(&mut self, name: &'static str, units: u32, way: impl AsyncFn()) {
        let samples = RefCell::new(Vec::new());
        self.group.throughput(criterion::Throughput::Elements(units.into()));
        self.group.bench_function(name, |bencher| {
            bencher.to_async(self.runtime).iter_custom(|times| {
                let (way, reference, samples) = (&way, &self.reference, &samples);
                async move {
                    let (took, reference) = (time(times, way).await, time(times, reference).await);
                    let one = took / units;
                    let times = u32::try_from(times).expect("a sample has few iterations");
                    samples.borrow_mut().push((one / times, one.as_secs_f64() / reference.as_secs_f64()));
                    took
                }
            });
        });
        let (mut times, mut ratios): (Vec<_>, Vec<_>) = samples.into_inner().into_iter().unzip();
        times.sort();
        ratios.sort_by(f64::total_cmp);
        if times.len() >= ENOUGH {
            self.lines.push(Line { name, times, ratios });
        }
    }

    /// Prints what each way takes, and how much that is against the reference.
    pub fn report(self) {
        self.group.finish();
        if self.lines.is_empty() {
            return;
        }
        println!("{}: medians, and times the reference (middle half of the samples)", self.title);
        for Line { name, times, ratios } in &self.lines {
            let at = |quarter: usize| ratios[ratios.len() * quarter / 4];
            let seconds = times[times.len() / 2].as_secs_f64();
            let (micros, rate) = (seconds * 1e6, 1.0 / seconds);
            println!(
                "  {name:<34} {micros:>9.1} µs {rate:>7.0}/s {:>6.2}x ({:.2} to {:.2})",
                at(2),
                at(1),
                at(3)
            );
        }
        println!();
    }
}

/// A runtime for what is measured. The sandbox has one of its own.
///
/// # Panics
///
/// If the machine has no threads left.
#[must_use]
pub fn runtime() -> Runtime {
    Runtime::new().expect("there are threads to be had")
}

/// Prints the most memory that is held while a list is read, in its first tenth and in all of it. `live` tells what is
/// held now.
///
/// # Panics
///
/// If the list has not so many items, or one cannot be read.
pub fn most_held<T, E: std::fmt::Debug>(
    runtime: &Runtime,
    what: &str,
    mut list: impl Stream<Item = Result<T, E>> + Unpin,
    count: usize,
    live: impl Fn() -> usize,
) {
    let before = live();
    let (mut tenth, mut all) = (0, 0);
    runtime.block_on(async {
        for n in 0..count {
            drop(list.next().await.expect("there are more").expect("it can be read"));
            if n % 100 == 0 {
                all = all.max(live().saturating_sub(before));
            }
            if n == count / 10 {
                tenth = all;
            }
        }
    });
    println!(
        "{what}: at most {} KiB held in the first tenth of the list, {} KiB in all of it\n",
        tenth / 1024,
        all / 1024
    );
}

#[expect(clippy::disallowed_methods, reason = "to measure time is what a bench is for")]
async fn time(times: u64, way: &impl AsyncFn()) -> Duration {
    let begun = Instant::now();
    for _ in 0..times {
        way().await;
    }
    begun.elapsed()
}
