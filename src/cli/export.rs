//! `lamplight export`: a run in the form of another tool (`docs/EXPORTS.md`).

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::run::write_trace;
use super::{CliError, open_scenario, seek, write_file};
use crate::lang::Lang;
use crate::scene::export::{diagram, mermaid, prometheus, shiviz};
use crate::scene::{Workbench, svg};

/// How many steps are told where nothing says where to end; fewer if the run is over before.
const STEPS_DEFAULT: u32 = 60;

/// What is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// A Mermaid sequence diagram of the steps, at most 500
    Mermaid,
    /// A ShiViz log of the steps, with vector clocks
    Shiviz,
    /// The metrics up to the last step, in the text format of Prometheus
    Prometheus,
    /// Every step up to the last one as NDJSON
    Trace,
    /// The scenario file of the run, paused at the last step
    Scenario,
    /// The stage after the last step as SVG
    Stage,
    /// The space-time diagram of the steps as SVG
    Diagram,
}

/// The languages of what is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Language {
    /// English
    En,
    /// Simplified Chinese
    Zh,
}

/// Writes a run in the form of another tool.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// A built-in scenario, a JSON file (- is standard input), or a link
    pub scenario: String,
    /// What to write
    #[arg(long, value_name = "FORMAT")]
    pub format: Format,
    /// Another seed than the scenario's own
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The first step; 1 if none is given
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub from_step: u32,
    /// The last step; if none is given the scenario's own, or the 60th from the first step on
    #[arg(long, value_name = "N")]
    pub to_step: Option<u32>,
    /// The language of what is told
    #[arg(long, value_name = "LANG", default_value = "en")]
    pub lang: Language,
    /// The file to write; standard output if none is given
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Writes the export.
///
/// # Errors
/// The scenario or the steps cannot be used, or the file cannot be written.
pub fn run(args: &ExportArgs, output: &mut dyn Write) -> Result<(), CliError> {
    let mut bench = open_scenario(&args.scenario, args.seed)?;
    let to = match (args.to_step, bench.cursor()) {
        (Some(step), _) => {
            seek(bench.as_mut(), step)?;
            step
        }
        (None, own) if own >= args.from_step => own,
        // Nobody asked for so many steps, so a run that has fewer is told to its end.
        (None, _) => {
            seek(bench.as_mut(), args.from_step)?;
            bench.seek(args.from_step.saturating_add(STEPS_DEFAULT - 1))
        }
    };
    if args.from_step > to {
        return Err(CliError::Input(format!(
            "the first step, {}, comes after the last one, {to}",
            args.from_step
        )));
    }
    let length = to - args.from_step + 1;
    if args.format == Format::Mermaid && length > mermaid::STEPS_MAX {
        let most = mermaid::STEPS_MAX;
        return Err(CliError::Input(format!(
            "{length} steps are too many for one Mermaid diagram: choose at most {most} with --from-step and --to-step"
        )));
    }
    let bench = bench.as_ref();
    match &args.output {
        Some(path) => write_file(path, |file| write(args, bench, to, file)),
        None => Ok(write(args, bench, to, output)?),
    }
}

fn write(args: &ExportArgs, bench: &dyn Workbench, to: u32, output: &mut dyn Write) -> io::Result<()> {
    let lang = match args.lang {
        Language::En => Lang::En,
        Language::Zh => Lang::Zh,
    };
    let from = args.from_step;
    let text = match args.format {
        Format::Mermaid => mermaid::write(bench, from, to, lang),
        Format::Shiviz => {
            let mut result = Ok(());
            shiviz::write(bench, from, to, lang, &mut |line| {
                result = writeln!(output, "{line}");
                result.is_ok()
            });
            return result;
        }
        Format::Trace => return write_trace(bench, output),
        Format::Prometheus => prometheus::write(bench),
        Format::Scenario => bench.json() + "\n",
        Format::Stage => {
            svg::draw(&bench.stage(lang), bench.circle().as_deref().map(|circle| (circle, lang)))
        }
        Format::Diagram => diagram::draw(bench, bench.time_at(from), bench.time_at(to), lang).svg,
    };
    output.write_all(text.as_bytes())
}
