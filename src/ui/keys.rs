//! The keyboard: which key asks for what, as plain data.

use super::ask::{Ask, Dialog};
use crate::scene::Command;

/// A key that was pressed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Key<'a> {
    /// What it says on this keyboard: a character, or the name of a key without one.
    pub says: &'a str,
    /// Where it is, by the name of the key there on an American keyboard.
    pub place: &'a str,
    /// Whether Shift is held.
    pub shift: bool,
}

/// What a key pressed somewhere on the page asks for. `None` leaves it to the browser.
///
/// Characters count however a keyboard makes them: a French one needs Shift for a full stop and for digits. Where the
/// keyboard writes another script, the place of the key counts.
pub fn ask_for(key: Key) -> Option<Ask> {
    let Key { place, shift, .. } = key;
    let mut says = latin(key.says, place).unwrap_or(key.says).to_owned();
    // Caps Lock makes capitals, too. With Shift a letter asks for nothing.
    if !shift {
        says.make_ascii_lowercase();
    }
    let command = match (says.as_str(), shift) {
        (" ", false) => Command::PlayPause,
        ("arrowleft", false) | (",", _) => Command::Step(-1),
        ("arrowright", false) | (".", _) => Command::Step(1),
        ("ArrowLeft", true) => Command::Milestone { forward: false },
        ("ArrowRight", true) => Command::Milestone { forward: true },
        ("[", _) => Command::Mark { forward: false },
        ("]", _) => Command::Mark { forward: true },
        ("j", false) => Command::Slower,
        ("l", false) => Command::Faster,
        ("home", false) => Command::First,
        ("end", false) => Command::Last,
        ("/", _) => return Some(Ask::Search),
        ("f", false) => return Some(Ask::FullScreen),
        ("p", false) => return Some(Ask::Present),
        ("s", false) => return Some(Ask::Dialog(Dialog::Settings)),
        ("?", _) => return Some(Ask::Dialog(Dialog::Help)),
        ("escape" | "Escape", _) => return Some(Ask::Close),
        (digit, _) => match digit.as_bytes() {
            [digit @ b'0'..=b'9'] => Command::SeekThousandth(u32::from(digit - b'0') * 100),
            _ => return None,
        },
    };
    Some(Ask::Player(command))
}

/// Whether a character may be made with Alt or AltGr, as brackets are on many keyboards: no letter, which would be a
/// combination.
pub fn may_need_alt(says: &str) -> bool {
    matches!(says, "[" | "]" | "/" | "?" | "." | ",")
}

/// What an American keyboard says at the place of a key that writes another script than the Latin one.
fn latin(says: &str, place: &str) -> Option<&'static str> {
    /// Latin letters, with their accents, end before this one.
    const LATIN_END: char = '\u{250}';
    let mut letters = says.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else { return None };
    if letter < LATIN_END || !letter.is_alphabetic() {
        return None;
    }
    let places = [
        ("KeyJ", "j"),
        ("KeyL", "l"),
        ("KeyF", "f"),
        ("KeyP", "p"),
        ("KeyS", "s"),
        ("Comma", ","),
        ("Period", "."),
        ("Slash", "/"),
        ("BracketLeft", "["),
        ("BracketRight", "]"),
    ];
    places.iter().find(|(known, _)| *known == place).map(|(_, says)| *says)
}

/// The keys as the help lists them: the keys, and their meaning in English and Chinese.
pub const LIST: [(&str, &str, &str); 17] = [
    ("Space", "Play or pause", "播放或暂停"),
    (", . ← →", "One step back or forward", "后退或前进一步"),
    ("Shift ← Shift →", "To the previous or next milestone", "跳到上一个或下一个关键步骤"),
    (
        "[ ]",
        "To the previous or next mark: a crash, a cut, a violation",
        "跳到上一个或下一个标记：崩溃、断网、违例",
    ),
    ("j l", "Slower or faster", "减速或加速"),
    ("Home End", "To the first or the last step", "跳到第一步或最后一步"),
    ("0 … 9", "To so many tenths of the run", "跳到运行的十分之几处"),
    ("↑ ↓", "On the stage: from node to message to node", "在舞台上：在节点与消息之间移动"),
    ("Enter", "On the stage: what can be done with it", "在舞台上：打开可执行的操作"),
    ("← → Home End", "On the circle: from key to key, clockwise", "在环上：沿顺时针逐个查看键"),
    ("+ −", "In the diagram: closer or wider", "在时空图中：放大或缩小"),
    ("/", "Find a step", "查找步骤"),
    ("f", "Full screen", "全屏"),
    (
        "p",
        "Presentation: stage, sentence and transport in large type",
        "演示：以大字体显示舞台、说明和播放控制",
    ),
    ("s", "Settings: language, theme, motion, units", "设置：语言、主题、动态效果、单位"),
    ("?", "This list", "显示此列表"),
    ("Esc", "Close, or choose nothing", "关闭，或取消选择"),
];
