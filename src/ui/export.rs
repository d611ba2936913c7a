//! What of a run can be saved, and under what names.

/// A file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Export {
    /// The scenario file.
    Scenario,
    /// Every step up to the cursor as NDJSON.
    Trace,
    /// The metrics for Prometheus.
    Metrics,
    /// A Mermaid sequence diagram of these steps.
    Mermaid(u32, u32),
    /// The same, not into a file but to paste it.
    MermaidToPaste(u32, u32),
    /// A ShiViz log of these steps.
    Shiviz(u32, u32),
    /// The stage.
    Stage(Form),
    /// The space-time diagram, as far as its window shows it.
    Diagram(Form),
}

/// The form of a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Scalable.
    Svg,
    /// Of points.
    Png,
}

impl Export {
    /// How its file ends.
    pub fn ending(self) -> &'static str {
        match self {
            Export::Scenario => ".json",
            Export::Trace => ".ndjson",
            Export::Metrics => ".prom",
            Export::Mermaid(..) | Export::MermaidToPaste(..) => ".mmd",
            Export::Shiviz(..) => "-shiviz.log",
            Export::Stage(Form::Svg) => "-stage.svg",
            Export::Stage(Form::Png) => "-stage.png",
            Export::Diagram(Form::Svg) => "-diagram.svg",
            Export::Diagram(Form::Png) => "-diagram.png",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Export::Scenario => "application/json",
            Export::Trace => "application/x-ndjson",
            Export::Stage(_) | Export::Diagram(_) => "image/svg+xml",
            _ => "text/plain;charset=utf-8",
        }
    }
}
