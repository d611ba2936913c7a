//! The keyboard: which key asks for what, as plain data.

use super::ask::{Ask, Dialog};
use crate::scene::Command;

/// What a key pressed somewhere on the page asks for. `None` leaves it to the browser.
pub fn ask_for(key: &str, shift: bool) -> Option<Ask> {
    let command = match (key, shift) {
        (" ", false) => Command::PlayPause,
        ("," | "ArrowLeft", false) => Command::Step(-1),
        ("." | "ArrowRight", false) => Command::Step(1),
        ("ArrowLeft", true) => Command::Milestone { forward: false },
        ("ArrowRight", true) => Command::Milestone { forward: true },
        ("[", _) => Command::Mark { forward: false },
        ("]", _) => Command::Mark { forward: true },
        ("j", false) => Command::Slower,
        ("l", false) => Command::Faster,
        ("Home", false) => Command::First,
        ("End", false) => Command::Last,
        ("/", _) => return Some(Ask::Search),
        ("f", false) => return Some(Ask::FullScreen),
        ("s", false) => return Some(Ask::Dialog(Dialog::Settings)),
        ("?", _) => return Some(Ask::Dialog(Dialog::Help)),
        ("Escape", _) => return Some(Ask::Close),
        (digit, false) => match digit.as_bytes() {
            [digit @ b'0'..=b'9'] => Command::SeekThousandth(u32::from(digit - b'0') * 100),
            _ => return None,
        },
        _ => return None,
    };
    Some(Ask::Player(command))
}

/// The keys as the help lists them: the keys, and their meaning in English and Chinese.
pub const LIST: [(&str, &str, &str); 16] = [
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
    ("s", "Settings: language, theme, motion, units", "设置：语言、主题、动态效果、单位"),
    ("?", "This list", "显示此列表"),
    ("Esc", "Close, or choose nothing", "关闭，或取消选择"),
];
