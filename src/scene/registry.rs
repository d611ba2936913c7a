//! What can be opened: one line for each protocol.

use super::condition::Vocabulary;
use super::open_run::OpenRun;
use super::portray::Portray;
use super::workbench::Workbench;
use super::{Lang, problems, telling, trace};
use crate::scenario::json::{self, JsonError};
use crate::scenario::link::{self, LinkError, Unpacked};
use crate::scenario::text::{self, NotText};
use crate::scenario::{Preset, Scenario};
use crate::sim::limits;
use crate::word;

/// A built-in scenario, to choose from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioCard {
    /// `raft/calm`.
    pub id: String,
    /// `raft`.
    pub protocol: &'static str,
    /// What the protocol is called.
    pub protocol_title: &'static str,
    /// What the scenario is called.
    pub title: &'static str,
    /// One line that says what to look for.
    pub look_for: &'static str,
}

/// Why something could not be opened, and what could be saved of it.
pub struct OpenError {
    /// What was wrong, in technical terms.
    pub cause: OpenCause,
    /// What could be saved, paused.
    pub salvaged: Option<Box<dyn Workbench>>,
}

/// Why something could not be opened.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum OpenCause {
    /// There is no built-in scenario of this name.
    #[error("there is no scenario `{0}`")]
    Unknown(String),
    /// The link is wrong.
    #[error("{0}")]
    Link(#[from] LinkError),
    /// The file is wrong.
    #[error("{0}")]
    Json(#[from] JsonError),
    /// Something that was done in the run cannot be done.
    #[error("at step {step}: {problem}")]
    Run {
        /// Where the run ends.
        step: u32,
        /// Why.
        problem: crate::sim::Problem,
    },
}

impl OpenCause {
    /// What was wrong and what to do, for a person.
    pub fn text(&self, lang: Lang) -> String {
        let plain = |text: &'static str| text.to_owned();
        match self {
            OpenCause::Unknown(name) | OpenCause::Link(LinkError::Preset(name)) => {
                crate::say!(
                    lang,
                    "There is no scenario “{name}”. Choose one from the list.",
                    "没有场景“{name}”。请从列表中选择。"
                )
            }
            OpenCause::Json(JsonError::Preset(name)) => {
                crate::say!(
                    lang,
                    "There is no scenario “{name}”. Choose one from the list.",
                    "没有场景“{name}”。请从列表中选择。"
                )
            }
            OpenCause::Link(LinkError::Protocol(name)) | OpenCause::Json(JsonError::Protocol(name)) => {
                crate::say!(lang, "There is no protocol “{name}” here.", "这里没有协议“{name}”。")
            }
            OpenCause::Link(LinkError::NotALink) => plain(word!(
                lang,
                "This is not a link to a run. Copy the whole address.",
                "这不是运行链接。请复制完整的地址。"
            )),
            OpenCause::Link(LinkError::TooLong(_)) => {
                plain(word!(lang, "The link is too long to be read.", "链接过长，无法读取。"))
            }
            OpenCause::Link(LinkError::Newer(_)) | OpenCause::Json(JsonError::Newer(_)) => plain(word!(
                lang,
                "This was made by a newer version of Lamplight. Reload the page to get it.",
                "这是由更新版本的 Lamplight 生成的。请刷新页面以获取新版本。"
            )),
            OpenCause::Link(LinkError::Damaged) => plain(word!(
                lang,
                "The link is damaged: characters are missing or were changed. Ask for it again.",
                "链接已损坏：字符缺失或被改动。请重新索取。"
            )),
            OpenCause::Link(LinkError::PresetChanged(name)) => crate::say!(
                lang,
                "The scenario “{name}” has changed since the link was made, so this is not the same run.",
                "场景“{name}”在链接生成之后有改动，因此这不是同一次运行。"
            ),
            OpenCause::Link(LinkError::Earlier) => plain(word!(
                lang,
                "The link was made by an earlier version, in which protocols behaved differently: the run may go \
                 another way.",
                "该链接由较早的版本生成，当时协议的行为有所不同：这次运行的走向可能不一样。"
            )),
            OpenCause::Link(LinkError::EarlierUnread) => plain(word!(
                lang,
                "The link was made by an earlier version, in which protocols behaved differently, and its settings \
                 are no longer known.",
                "该链接由较早的版本生成，当时协议的行为有所不同，而且其设置已无法识别。"
            )),
            OpenCause::Link(LinkError::Invalid(invalid)) | OpenCause::Json(JsonError::Invalid(invalid)) => {
                let list = problems::invalid_texts(invalid, lang);
                crate::say!(lang, "Its settings are not valid: {list}.", "设置无效：{list}。")
            }
            OpenCause::Json(JsonError::TooLong(_)) => {
                plain(word!(lang, "The file is too large to be read.", "文件过大，无法读取。"))
            }
            OpenCause::Json(JsonError::NotAScenario) => {
                plain(word!(lang, "This is not a scenario file.", "这不是场景文件。"))
            }
            OpenCause::Json(JsonError::NotText(NotText { at, byte })) => crate::say!(
                lang,
                "This is not a scenario file: byte 0x{byte:02X} at position {at} is not UTF-8. Save the file as UTF-8.",
                "这不是场景文件：位置 {at} 处的字节 0x{byte:02X} 不是 UTF-8。请将文件保存为 UTF-8。"
            ),
            OpenCause::Json(JsonError::Form(what)) => {
                crate::say!(lang, "This is not a scenario file: {what}.", "这不是场景文件：{what}。")
            }
            OpenCause::Run { step, problem } => {
                let problem = telling::problem_text(problem, lang);
                crate::say!(
                    lang,
                    "The run ends at step {step}: {problem}",
                    "运行在步骤 {step} 处中断：{problem}"
                )
            }
        }
    }
}

/// A run as the command line and the page open it, whatever the protocol.
pub(super) type Opened = Result<Box<dyn Workbench>, OpenError>;

/// One protocol, with its type forgotten.
pub struct Protocol {
    /// Its name.
    pub name: &'static str,
    title: fn(Lang) -> &'static str,
    vocabulary: fn(u16, u16) -> Vocabulary,
    cards: fn(Lang) -> Vec<ScenarioCard>,
    open_preset: fn(&str, Option<u64>) -> Opened,
    open_json: fn(&str) -> Opened,
    open_link: fn(&Unpacked) -> Opened,
}

impl Protocol {
    /// What people call it.
    pub fn title(&self, lang: Lang) -> &'static str {
        (self.title)(lang)
    }

    /// What a condition can name, in the largest cluster that there can be.
    pub fn vocabulary(&self) -> Vocabulary {
        (self.vocabulary)(limits::NODES_MAX, limits::CLIENTS_MAX)
    }
}

/// The line for a protocol, in [`PROTOCOLS`] or in a list of fewer.
pub const fn line<P: Portray>() -> Protocol {
    Protocol {
        name: P::NAME,
        title: P::title,
        vocabulary: Vocabulary::of::<P>,
        cards: cards::<P>,
        open_preset: open_preset::<P>,
        open_json: open_json::<P>,
        open_link: open_link::<P>,
    }
}

/// All protocols, in the order in which the page offers them.
pub static PROTOCOLS: &[Protocol] = &[
    line::<crate::protocol::raft::Raft>(),
    line::<crate::protocol::paxos::synod::Synod>(),
    line::<crate::protocol::paxos::multi::MultiPaxos>(),
    line::<crate::protocol::atomic_commit::TwoPhaseCommit>(),
    line::<crate::protocol::atomic_commit::ThreePhaseCommit>(),
    line::<crate::protocol::consistent_hashing::store::Dynamo>(),
];

fn cards<P: Portray>(lang: Lang) -> Vec<ScenarioCard> {
    let card = |preset: Preset<P>| ScenarioCard {
        id: format!("{}/{}", P::NAME, preset.name),
        protocol: P::NAME,
        protocol_title: P::title(lang),
        title: (preset.title)(lang),
        look_for: (preset.look_for)(lang),
    };
    P::presets().into_iter().map(card).collect()
}

fn open_preset<P: Portray>(name: &str, seed: Option<u64>) -> Opened {
    let Some(preset) = P::preset(name) else {
        return Err(refused(OpenCause::Unknown(format!("{}/{name}", P::NAME))));
    };
    let mut scenario = Scenario::of_setup((preset.setup)(), seed.unwrap_or(preset.seed));
    scenario.preset = Some(preset.name);
    open_scenario::<P>(&scenario, None)
}

fn open_json<P: Portray>(text: &str) -> Opened {
    match json::read::<P>(text) {
        Ok(scenario) => open_scenario(&scenario, None),
        Err(error) => Err(refused(error.into())),
    }
}

fn open_link<P: Portray>(unpacked: &Unpacked) -> Opened {
    let read = link::read::<P>(unpacked);
    let cause = read.error.map(OpenCause::Link);
    match (read.scenario, cause) {
        (Some(scenario), cause) => open_scenario(&scenario, cause),
        (None, cause) => Err(refused(cause.unwrap_or(OpenCause::Link(LinkError::Damaged)))),
    }
}

fn refused(cause: OpenCause) -> OpenError {
    OpenError { cause, salvaged: None }
}

/// Records a scenario up to its cursor and opens it. What is known to be wrong with it already is reported
/// together with the run that could be saved.
fn open_scenario<P: Portray>(scenario: &Scenario<P>, wrong: Option<OpenCause>) -> Opened {
    if let Err(invalid) = scenario.setup.validate() {
        return Err(refused(OpenCause::Json(JsonError::Invalid(invalid))));
    }
    let (recording, cause) = match scenario.record() {
        Ok(recording) => (recording, wrong),
        Err(interrupted) => {
            let cause = OpenCause::Run { step: interrupted.step, problem: interrupted.problem };
            (interrupted.recording, Some(wrong.unwrap_or(cause)))
        }
    };
    let run: Box<dyn Workbench> = Box::new(OpenRun::new(scenario, recording));
    match cause {
        None => Ok(run),
        Some(cause) => Err(OpenError { cause, salvaged: Some(run) }),
    }
}

/// All built-in scenarios.
pub fn catalogue(lang: Lang) -> Vec<ScenarioCard> {
    PROTOCOLS.iter().flat_map(|protocol| (protocol.cards)(lang)).collect()
}

/// The protocols' names with what people call them.
pub fn protocols(lang: Lang) -> Vec<(&'static str, &'static str)> {
    PROTOCOLS.iter().map(|protocol| (protocol.name, (protocol.title)(lang))).collect()
}

/// How many bytes of a file [`open_file`] looks at: one more than is allowed is enough to see that there are too many.
/// Of a trace, which may be longer, it reads the first line.
pub const FILE_BYTES_READ: usize = json::JSON_BYTES_MAX + 1;

/// Opens what stands in a file: a scenario, a trace, or a link that somebody kept. `bytes` are the first
/// [`FILE_BYTES_READ`] bytes of it, or all that there are, and `length` is how many it has.
///
/// # Errors
/// What is wrong, with what could be saved.
pub fn open_file(bytes: &[u8], length: u64, seed: Option<u64>) -> Opened {
    open_file_among(PROTOCOLS, bytes, length, seed)
}

/// The same where only these protocols are at hand.
///
/// # Errors
/// What is wrong, with what could be saved.
pub fn open_file_among(among: &[Protocol], bytes: &[u8], length: u64, seed: Option<u64>) -> Opened {
    let is_cut = length > bytes.len() as u64;
    let text = text::decode(bytes, is_cut).map_err(|error| refused(JsonError::from(error).into()))?;
    let is_ours = text.trim_start().starts_with('{') || link::fragment_of(&text).is_some();
    if !is_ours {
        return Err(refused(JsonError::NotAScenario.into()));
    }
    if is_cut && trace::link_of(&text).is_none() {
        return Err(refused(JsonError::TooLong(usize::try_from(length).unwrap_or(usize::MAX)).into()));
    }
    open_among(among, &text, seed)
}

/// The text in a file, as [`open_file`] reads it.
pub fn text_of_file(bytes: &[u8], length: u64) -> Option<String> {
    text::decode(bytes, length > bytes.len() as u64).ok()
}

/// Opens a built-in scenario by its name (`raft/calm`), a link or its fragment, or the text of a scenario file or
/// of a trace.
///
/// # Errors
/// What is wrong, with what could be saved.
pub fn open(source: &str) -> Opened {
    open_with_seed(source, None)
}

/// Opens a scenario like [`open`]; a built-in one with this seed instead of its own.
///
/// # Errors
/// What is wrong, with what could be saved.
pub fn open_with_seed(source: &str, seed: Option<u64>) -> Opened {
    open_among(PROTOCOLS, source, seed)
}

/// The name of the protocol of what [`open_among`] would open, as far as it can be told without knowing any protocol.
pub fn protocol_of(source: &str) -> Option<String> {
    let source = source.trim_start_matches('\u{feff}').trim();
    if link::fragment_of(source).is_some() {
        return link::unpack(source).ok().map(|unpacked| unpacked.protocol);
    }
    if let Some(link) = trace::link_of(source) {
        return protocol_of(&link);
    }
    if source.starts_with('{') {
        return json::protocol_of(source).ok();
    }
    Some(source.split_once('/').map_or(source, |(protocol, _)| protocol).to_owned())
}

/// Opens a scenario like [`open_with_seed`], where only these protocols are at hand.
///
/// # Errors
/// What is wrong, with what could be saved.
pub fn open_among(among: &[Protocol], source: &str, seed: Option<u64>) -> Opened {
    let source = source.trim_start_matches('\u{feff}').trim();
    let find = |name: &str| among.iter().find(|protocol| protocol.name == name);
    if link::fragment_of(source).is_some() {
        let unpacked = link::unpack(source).map_err(|error| refused(error.into()))?;
        return match find(&unpacked.protocol) {
            Some(protocol) => (protocol.open_link)(&unpacked),
            None => Err(refused(LinkError::Protocol(unpacked.protocol).into())),
        };
    }
    if let Some(link) = trace::link_of(source) {
        return open_among(among, &link, seed);
    }
    if source.starts_with('{') {
        let name = json::protocol_of(source).map_err(|error| refused(error.into()))?;
        return match find(&name) {
            Some(protocol) => (protocol.open_json)(source),
            None => Err(refused(JsonError::Protocol(name).into())),
        };
    }
    let (protocol, preset) = source.split_once('/').unwrap_or((source, ""));
    match find(protocol) {
        Some(protocol) => (protocol.open_preset)(preset, seed),
        None => Err(refused(OpenCause::Unknown(source.chars().take(80).collect()))),
    }
}
