//! The Markdown table that a run prints.

use std::fmt;
use std::time::Duration;

/// The value that a figure should reach.
#[derive(Debug, Clone, Copy)]
pub enum Goal {
    /// The figure should be at least this.
    Least(f64),
    /// The figure should be at most this.
    Most(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> bool {
        match self {
            Self::Least(least) => value >= least,
            Self::Most(most) => value <= most,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Least(least) => write!(f, "≥ {least}"),
            Self::Most(most) => write!(f, "≤ {most}"),
        }
    }
}

/// Prints the head of the table.
pub fn head() {
    println!("| what | measured | against | measured | figure | goal | |");
    println!("| --- | ---: | --- | ---: | ---: | ---: | --- |");
}

/// Prints a comparison. The goal is a goal for `figure`.
pub fn row(
    what: &str,
    own: Duration,
    against: &str,
    other: Duration,
    figure: f64,
    goal: Option<Goal>,
) {
    let (goal, met) = judged(figure, goal);
    println!(
        "| {what} | {} | {against} | {} | {figure:.2} | {goal} | {met} |",
        shown(own),
        shown(other)
    );
}

/// Prints a figure that is compared only with its goal. `shown` is the figure as text.
pub fn single(what: &str, shown: &str, figure: f64, goal: Option<Goal>) {
    let (goal, met) = judged(figure, goal);
    println!("| {what} | {shown} | | | | {goal} | {met} |");
}

/// Prints why a comparison is missing.
pub fn missing(what: &str, why: &str) {
    println!("| {what} | not measured: {why} | | | | | |");
}

fn judged(figure: f64, goal: Option<Goal>) -> (String, &'static str) {
    match goal {
        None => (String::new(), ""),
        Some(goal) if goal.is_met(figure) => (goal.to_string(), "met"),
        Some(goal) => (goal.to_string(), "**missed**"),
    }
}

fn shown(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 100.0 {
        format!("{ms:.1} ms")
    } else {
        format!("{ms:.0} ms")
    }
}

/// The median of these times, or zero if there are none.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The ratio of one time to another.
pub fn times(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64().max(1e-9)
}
