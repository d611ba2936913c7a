//! A run in the forms of other tools.
//!
//! * [`account`]: a stretch of a run, told step by step with its messages: what the writers below work from.
//! * [`mermaid`]: a sequence diagram. [`shiviz`]: a log with vector clocks. [`prometheus`]: the metrics.
//! * [`diagram`]: the space-time diagram as SVG; the stage's is [`super::svg`].
//!
//! The writers know no protocol and no recording. `docs/EXPORTS.md` describes what they write.

pub mod account;
pub mod diagram;
pub mod mermaid;
pub mod prometheus;
pub mod shiviz;

pub use account::{Account, Told};
