//! `lamplight run`: a run from its first step, with its digest and, on demand, every step of it.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::{CliError, open_scenario, write_file};
use crate::lang::Lang;
use crate::scene::Workbench;
use crate::scene::export::prometheus;
use crate::scene::model::MarkKind;
use crate::scene::trace;
use crate::sim::limits;

/// How far a scenario is run that does not say so itself.
const STEPS_DEFAULT: u32 = 1_000;

/// Runs a scenario and prints its digest.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// A built-in scenario, a JSON file (- is standard input), or a link
    pub scenario: String,
    /// Another seed than the scenario's own
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many steps; those of the scenario, or 1000, if nothing is given
    #[arg(long, value_name = "N", conflicts_with = "until_us")]
    pub steps: Option<u32>,
    /// Up to this virtual time in µs
    #[arg(long, value_name = "T")]
    pub until_us: Option<u64>,
    /// Write every step to this file, an object a line; - is standard output
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Write the metrics at the end to this file, in the text format of Prometheus; - is standard output
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
}

/// Runs the scenario.
///
/// # Errors
/// The scenario cannot be used, or a file cannot be written.
pub fn run(args: &RunArgs, output: &mut dyn Write) -> Result<(), CliError> {
    let mut bench = open_scenario(&args.scenario, args.seed)?;
    match (args.steps, args.until_us) {
        (Some(steps), _) => {
            bench.seek(steps);
        }
        (None, Some(until_us)) => {
            // A limit that is reached ends the run; the digest says how far it came.
            let _ = bench.record(until_us, limits::STEPS_MAX);
            let end = bench.cursor_at(until_us);
            bench.seek(end);
        }
        (None, None) if bench.cursor() == 0 => {
            bench.seek(STEPS_DEFAULT);
        }
        (None, None) => {}
    }
    match &args.trace {
        Some(path) if path.as_os_str() == "-" => return Ok(write_trace(bench.as_ref(), output)?),
        Some(path) => write_file(path, |file| write_trace(bench.as_ref(), file))?,
        None => {}
    }
    match &args.metrics {
        Some(path) if path.as_os_str() == "-" => {
            return Ok(output.write_all(prometheus::write(bench.as_ref()).as_bytes())?);
        }
        Some(path) => {
            write_file(path, |file| file.write_all(prometheus::write(bench.as_ref()).as_bytes()))?;
        }
        None => {}
    }
    let cursor = bench.cursor();
    let marks = bench.tape(Lang::En).marks;
    let violations = marks.iter().filter(|mark| mark.kind == MarkKind::Violation && mark.step <= cursor);
    writeln!(output, "scenario: {}", bench.scenario())?;
    writeln!(output, "protocol: {}", bench.protocol())?;
    writeln!(output, "seed: {}", bench.seed())?;
    writeln!(output, "nodes: {}", bench.nodes())?;
    writeln!(output, "steps: {cursor}")?;
    writeln!(output, "time_us: {}", bench.now_us())?;
    writeln!(output, "violations: {}", violations.count())?;
    writeln!(output, "digest: {}", trace::hex(bench.digest()))?;
    Ok(())
}

pub(super) fn write_trace(bench: &dyn Workbench, output: &mut dyn Write) -> io::Result<()> {
    let mut result = Ok(());
    bench.trace(&mut |line| {
        result = writeln!(output, "{line}");
        result.is_ok()
    });
    result
}
