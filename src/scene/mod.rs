//! Pure projections: a recording and a cursor become shapes, tables and sentences.
//!
//! * [`model`]: what is drawn, as plain data. [`workbench`]: the one interface that the page sees.
//! * [`circle`]: where keys lie, for the protocols that place them on one.
//! * [`portray`]: what a protocol has to say about itself; [`registry`]: one line for each of them.
//! * [`facts`]: what a node is and knows, by name; [`condition`]: when something is so.
//! * [`trace`]: a run as NDJSON; [`svg`]: the stage as a static picture; [`export`]: forms of other tools.
//! * [`metrics`]: what an operator would chart; [`sparkline`]: how it is drawn small.
//! * [`open_run`]: the workbench of any protocol, from [`stage`], [`inspect`], [`diagram`] and [`telling`].
//! * [`player`]: what moves the cursor. [`settings`]: what a run starts from, as a form. [`problems`]: what is wrong
//!   with it.

pub mod as_json;
pub mod atomic_commit;
pub mod circle;
pub mod circle_svg;
pub mod compare;
pub mod condition;
pub mod cone;
pub mod consistent_hashing;
pub mod detail;
pub mod diagram;
pub mod export;
pub mod facts;
pub mod find;
pub mod highlight;
pub mod inspect;
pub mod key_value;
pub mod metrics;
pub mod model;
pub mod open_run;
pub mod paxos;
pub mod player;
pub mod portray;
pub mod problems;
pub mod raft;
pub mod registry;
pub mod settings;
pub mod sparkline;
pub mod stage;
pub mod svg;
pub mod telling;
pub mod trace;
pub mod viewport;
pub mod workbench;

pub use crate::lang::Lang;
pub use condition::{Condition, ConditionError};
pub use player::{Command, Player};
pub use portray::Portray;
pub use registry::{
    FILE_BYTES_READ, OpenCause, OpenError, ScenarioCard, catalogue, open, open_file, open_with_seed,
    protocols,
};
pub use workbench::{Action, Prompt, Refusal, Selection, Workbench};
