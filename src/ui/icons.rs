//! The few icons, as paths in a square of 16.

use yew::prelude::*;

/// An icon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Icon {
    First,
    Previous,
    Play,
    Pause,
    Next,
    Last,
    MilestoneBack,
    MilestoneOn,
    Crash,
    Restart,
    CutOff,
    Partition,
    Heal,
    Command,
    Settings,
    Hand,
    Close,
    Minus,
    Plus,
    Follow,
    Gear,
    Help,
    Reset,
    Screen,
}

/// Draws it. It says nothing by itself; the button around it has the name.
pub fn icon(icon: Icon) -> Html {
    let (path, filled) = match icon {
        Icon::First => ("M3 3v10M13 3 6 8l7 5z", true),
        Icon::Previous => ("M10 3 5 8l5 5", false),
        Icon::Play => ("M5 2.8v10.4L13.4 8z", true),
        Icon::Pause => ("M4 3h3v10H4zM9 3h3v10H9z", true),
        Icon::Next => ("m6 3 5 5-5 5", false),
        Icon::Last => ("M13 3v10M3 3l7 5-7 5z", true),
        Icon::MilestoneBack => ("M8.5 3.5 4 8l4.5 4.5M13 3.5 8.5 8l4.5 4.5", false),
        Icon::MilestoneOn => ("M7.5 3.5 12 8l-4.5 4.5M3 3.5 7.5 8 3 12.5", false),
        Icon::Crash => ("m3.5 3.5 9 9m0-9-9 9", false),
        Icon::Restart => ("M12.7 6A5 5 0 1 0 13 9M13 3v3.2H9.8", false),
        Icon::CutOff => ("M2 8h3.4M10.6 8H14M6.6 11l2.8-6", false),
        Icon::Partition => (
            "M8 2v2.4M8 6.8v2.4M8 11.6V14M2.5 8a2 2 0 1 0 4 0 2 2 0 1 0-4 0M9.5 8a2 2 0 1 0 4 0 2 2 0 1 0-4 0",
            false,
        ),
        Icon::Heal => ("M8 3.5v9M3.5 8h9", false),
        Icon::Command => ("m3 4.5 3.5 3.5L3 11.500M8 12h5", false),
        Icon::Settings => ("M2.5 5H9m4 0h.5M2.5 11H4m4 0h5.500M11 3.200v3.600M6 9.200v3.600", false),
        Icon::Hand => (
            "M5 8.500V4a1 1 0 0 1 2 0v3.500-5a1 1 0 0 1 2 0v5-4a1 1 0 0 1 2 0v6c0 3-1.500 4.500-3.800 4.500-2 0-2.900-.900-3.700-2.500L2.300 9.300c-.6-1.300.8-2.200 1.600-1.200L5 9.500",
            false,
        ),
        Icon::Close => ("m4 4 8 8m0-8-8 8", false),
        Icon::Minus => ("M3.500 8h9", false),
        Icon::Plus => ("M8 3.500v9M3.500 8h9", false),
        Icon::Follow => ("M2 8h3.500m5 0H14M8 5.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 1 0 0-5", false),
        Icon::Gear => (
            "M8 3.600a4.400 4.400 0 1 0 0 8.800 4.400 4.400 0 1 0 0-8.800M8 6.400a1.600 1.600 0 1 0 0 3.200 1.600 1.600 0 1 0 0-3.200M8 1.700v1.900M8 12.400v1.900M1.700 8h1.900M12.400 8h1.900M3.550 3.550l1.350 1.350M11.100 11.100l1.350 1.350M12.450 3.550l-1.350 1.350M4.900 11.100l-1.350 1.350",
            false,
        ),
        Icon::Help => {
            ("M5.800 6a2.200 2.200 0 1 1 3.300 1.900c-.8.500-1.100.900-1.100 1.800M8 12.300v.1", false)
        }
        Icon::Screen => ("M2 3h12M3 3v7.500h10V3M8 10.500V12M5.500 14 8 12l2.500 2", false),
        Icon::Reset => ("M3.300 6A5 5 0 1 1 3 9M3 3v3.200h3.200", false),
    };
    let class = if filled { "icon icon-filled" } else { "icon" };
    html! {
        <svg {class} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
            <path d={path} />
        </svg>
    }
}

/// The lamp: the page's sign.
pub fn lamp() -> Html {
    html! {
        <svg class="lamp" viewBox="0 0 24 24" width="26" height="26" aria-hidden="true" focusable="false">
            <circle class="lamp-glow" cx="12" cy="9.5" r="8.5" />
            <circle class="lamp-bulb" cx="12" cy="9.5" r="5.2" />
            <path class="lamp-foot" d="M9.200 17.500h5.600M9.800 20h4.400M10.800 22.300h2.400" />
        </svg>
    }
}
