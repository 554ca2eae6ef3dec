//! Plays networks of 1,000 to 100,000 clients on simulated time, prints what `docs/network.md` reports as a table, and draws
//! `docs/network.svg`.
//!
//!     cargo run --release --package fluence-peer --features simulation --example network [CLIENTS…]

use std::fmt::Write;
use std::path::Path;

use fluence_peer::simulation::{Report, play};

/// How many clients the networks have.
const SIZES: [usize; 5] = [1_000, 3_000, 10_000, 30_000, 100_000];
/// What the networks are made from: the same numbers make the same networks.
const SEED: u64 = 2026;

fn main() -> std::io::Result<()> {
    let given: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|size| size.parse().ok())
        .collect();
    let sizes = if given.is_empty() { &SIZES[..] } else { &given };
    let mut reports = Vec::new();
    for size in sizes {
        eprintln!("{size} clients");
        reports.push(play(*size, SEED));
    }
    println!("{}", table(&reports));
    if given.is_empty() {
        let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
        std::fs::write(docs.join("network.svg"), plot(&reports))?;
    }
    Ok(())
}

fn table(reports: &[Report]) -> String {
    let mut table = String::new();
    let mut row = |what: &str, value: &dyn Fn(&Report) -> String| {
        let values: Vec<String> = reports.iter().map(value).collect();
        let _ = writeln!(table, "| {what} | {} |", values.join(" | "));
    };
    row("clients", &|report| report.clients.to_string());
    row("---", &|_| "---:".to_owned());
    row("nodes", &|report| report.nodes.to_string());
    row("calls", &|report| report.calls.to_string());
    row("of them without an answer", &|report| {
        report.failed.to_string()
    });
    for (way, what) in [
        "by way of one node",
        "by way of two nodes",
        "over a circuit",
    ]
    .into_iter()
    .enumerate()
    {
        row(&format!("of them {what}"), &|report| {
            let all: usize = report.ways.iter().sum();
            format!(
                "{:.1} %",
                100.0 * report.ways[way] as f64 / all.max(1) as f64
            )
        });
    }
    row(
        "times that a look-up asks, one after the other",
        &|report| format!("{:.2}", report.rounds),
    );
    for (part, what) in ["50 %", "90 %", "99 %"].into_iter().enumerate() {
        row(&format!("a call with its look-up, {what}"), &|report| {
            format!("{:.0} ms", report.took_ms[part])
        });
    }
    row("the same in round trips to the own node, 50 %", &|report| {
        format!("{:.1}", report.trips)
    });
    row("from the start until all is stored, 99 %", &|report| {
        format!("{:.1} s", report.stored_s)
    });
    let kinds = reports.first().map_or(0, |report| report.load.len());
    for kind in 0..kinds {
        let what = reports[0].load[kind].what;
        row(
            &format!("{what}, a node (and the one with most)"),
            &|report| {
                let load = &report.load[kind];
                let digits = usize::from(load.mean < 100.0);
                format!("{:.digits$} ({:.digits$})", load.mean, load.most)
            },
        );
    }
    row(
        "records that move when a node ends and comes back",
        &|report| format!("{:.0}", report.moved),
    );
    table
}

/// The size of a plot, of the place beside it for its numbers, and between two plots.
const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 180.0;
const MARGIN: f64 = 46.0;
const STEP: f64 = WIDTH + 2.0 * MARGIN;
/// The colours of lines, which are told apart by their names too.
const COLOURS: [&str; 3] = ["#0b6e4f", "#b45309", "#6d28d9"];

/// A line of a plot: its name, and its values.
type Line = (&'static str, Vec<f64>);

/// Two plots over the size of the network.
fn plot(reports: &[Report]) -> String {
    let took = |part: usize| reports.iter().map(|report| report.took_ms[part]).collect();
    let load = |kind: usize| {
        reports
            .iter()
            .map(|report| report.load[kind].mean)
            .collect()
    };
    let sizes: Vec<f64> = reports.iter().map(|report| report.clients as f64).collect();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" \
         font-family=\"sans-serif\" font-size=\"11\">\n\
         <title>Latency of calls, and load of a node, over the number of clients</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
        2.0 * STEP,
        HEIGHT + 2.0 * MARGIN
    );
    let latencies: [Line; 3] = [("50 %", took(0)), ("90 %", took(1)), ("99 %", took(2))];
    let loads: [Line; 3] = [
        ("questions of look-ups", load(2)),
        ("records stored", load(3)),
        ("calls passed on", load(4)),
    ];
    draw(
        &mut svg,
        0.0,
        "a call with its look-up, in ms",
        &sizes,
        &latencies,
    );
    draw(
        &mut svg,
        STEP,
        "what a node does in a second",
        &sizes,
        &loads,
    );
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, left: f64, title: &str, sizes: &[f64], lines: &[Line]) {
    let most = lines
        .iter()
        .flat_map(|(_, values)| values)
        .fold(0.0, |a, b| f64::max(a, *b));
    // The next 1, 2 or 5 with zeros.
    let unit = 10_f64.powf(most.max(1e-9).log10().floor());
    let top = [1.0, 2.0, 5.0, 10.0].map(|by| by * unit);
    let top = top.into_iter().find(|top| *top >= most).unwrap_or(most);
    let (first, last) = (sizes[0].log10(), sizes[sizes.len() - 1].log10());
    let x = |size: f64| left + MARGIN + (size.log10() - first) / (last - first).max(1e-9) * WIDTH;
    let y = |value: f64| MARGIN + HEIGHT - value / top * HEIGHT;
    let mut text = |x: f64, y: f64, anchor: &str, colour: &str, said: &str| {
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{said}</text>"
        );
    };
    text(left + MARGIN, MARGIN - 22.0, "start", "#1f2937", title);
    for part in 0..=4 {
        let value = top * f64::from(part) / 4.0;
        text(
            left + MARGIN - 6.0,
            y(value) + 4.0,
            "end",
            "#4b5563",
            &format!("{value}"),
        );
    }
    for size in sizes {
        let said = format!("{} k", size / 1000.0);
        text(x(*size), MARGIN + HEIGHT + 16.0, "middle", "#4b5563", &said);
    }
    for (number, (name, _)) in lines.iter().enumerate() {
        let at = left + MARGIN + number as f64 * WIDTH / 3.0;
        text(at, MARGIN - 8.0, "start", COLOURS[number], name);
    }
    for part in 0..=4 {
        let at = y(top * f64::from(part) / 4.0);
        let (from, to) = (left + MARGIN, left + MARGIN + WIDTH);
        let _ = writeln!(
            svg,
            "<path d=\"M{from:.1} {at:.1}H{to:.1}\" stroke=\"#e5e7eb\" fill=\"none\"/>"
        );
    }
    for (number, (_, values)) in lines.iter().enumerate() {
        let points: Vec<String> = sizes
            .iter()
            .zip(values)
            .map(|(size, value)| format!("{:.1},{:.1}", x(*size), y(*value)))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" stroke=\"{}\" stroke-width=\"2\" fill=\"none\"/>",
            points.join(" "),
            COLOURS[number]
        );
    }
}
