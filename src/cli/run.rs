//! `lamplight run`: a run from its first step, with its digest and, on demand, every step of it.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::{CliError, Ending, open_scenario, write_file};
use crate::lang::Lang;
use crate::scene::export::prometheus;
use crate::scene::model::MarkKind;
use crate::scene::trace;
use crate::scene::{ConditionError, Workbench};
use crate::sim::limits;

/// How far a scenario is run that does not say so itself.
const STEPS_DEFAULT: u32 = 1_000;

/// How far a condition is waited for, if nothing else is said.
const UNTIL_STEPS_DEFAULT: u32 = 100_000;

/// Runs a scenario and prints its digest.
#[derive(Args, Clone, Debug)]
pub struct RunArgs {
    /// A built-in scenario, a JSON file (- is standard input), or a link
    pub scenario: String,
    /// Another seed than the scenario's own
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many steps; those of the scenario, or 1000, if nothing is given. With --until the most, 100000 if nothing is
    /// given
    #[arg(long, value_name = "N", conflicts_with = "until_us")]
    pub steps: Option<u32>,
    /// Up to this virtual time in µs
    #[arg(long, value_name = "T")]
    pub until_us: Option<u64>,
    /// Up to the first step at which a condition holds, such as "n3 leads" (docs/CONDITIONS.md); where it never does
    /// the run goes on to the limit, and the exit status is 1
    #[arg(long, value_name = "CONDITION", conflicts_with = "until_us")]
    pub until: Option<String>,
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
/// The scenario or the condition cannot be used, or a file cannot be written.
pub fn run(args: &RunArgs, output: &mut dyn Write) -> Result<Ending, CliError> {
    let mut bench = open_scenario(&args.scenario, args.seed)?;
    let mut ending = Ending::Well;
    match (args.steps, args.until_us) {
        (steps_max, _) if let Some(condition) = &args.until => {
            let refused = |error: ConditionError| CliError::Input(error.to_string());
            let condition = bench.condition(condition).map_err(refused)?;
            let steps_max = steps_max.unwrap_or(UNTIL_STEPS_DEFAULT);
            let found = bench.until(&condition, 0, steps_max);
            if found.is_none() {
                ending = Ending::Never;
            }
            bench.seek(found.unwrap_or(steps_max));
        }
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
        Some(path) if path.as_os_str() == "-" => {
            write_trace(bench.as_ref(), output)?;
            return Ok(ending);
        }
        Some(path) => write_file(path, |file| write_trace(bench.as_ref(), file))?,
        None => {}
    }
    match &args.metrics {
        Some(path) if path.as_os_str() == "-" => {
            output.write_all(prometheus::write(bench.as_ref()).as_bytes())?;
            return Ok(ending);
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
    if args.until.is_some() {
        writeln!(output, "condition: {}", if ending == Ending::Never { "never" } else { "holds" })?;
    }
    Ok(ending)
}

pub(super) fn write_trace(bench: &dyn Workbench, output: &mut dyn Write) -> io::Result<()> {
    let mut result = Ok(());
    bench.trace(&mut |line| {
        result = writeln!(output, "{line}");
        result.is_ok()
    });
    result
}
