//! Pure projections: a recording and a cursor become shapes, tables and sentences.

pub mod model;
pub mod text;
pub mod workbench;

pub use text::Lang;
pub use workbench::{Action, Prompt, Refusal, Selection, Workbench};
