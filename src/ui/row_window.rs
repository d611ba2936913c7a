//! Which rows of a long table are drawn: those in view and a few around them. A hundred nodes have thousands of
//! cells, and all but a few of them would be brought up to date in every step for nobody.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::dom;

/// With at most so many rows, all of them are drawn.
const DRAWN_ALL_MAX: usize = 40;

/// How many rows are drawn beyond either edge, so that scrolling and the Tab key find something there.
const BEYOND: usize = 6;

/// The height of a row before one has been measured, in pixels.
const ROW_PX: f64 = 29.0;

/// The space between two rows, in pixels (`border-spacing` of the style sheet).
const SPACING_PX: f64 = 3.0;

/// Which rows are drawn, and how much room the others take.
#[derive(Clone, PartialEq, Debug)]
pub struct RowWindow {
    /// The first row that is drawn.
    pub first: usize,
    /// The first row after it that is not.
    pub end: usize,
    /// The height of the rows above, in pixels; 0 where there are none.
    pub above_px: f64,
    /// The height of the rows below, in pixels; 0 where there are none.
    pub below_px: f64,
    /// To be called when the frame is scrolled.
    pub onscroll: Callback<Event>,
}

/// The window of a table with so many rows that is scrolled in this frame.
#[hook]
pub fn use_row_window(frame: &NodeRef, rows: usize) -> RowWindow {
    let height = dom::use_room(frame.clone()).height;
    let place = use_state_eq(|| (0_usize, ROW_PX));
    let onscroll = {
        let (frame, place) = (frame.clone(), place.clone());
        use_callback((), move |_: Event, ()| {
            let Some(element) = frame.cast::<Element>() else { return };
            let body = element.query_selector("tbody").ok().flatten();
            let row = element.query_selector("tbody tr:not(.spacer)").ok().flatten();
            let row_px = row.map_or(ROW_PX, |row| row.get_bounding_client_rect().height() + SPACING_PX);
            let body = body.as_ref().and_then(|body| body.dyn_ref::<HtmlElement>());
            let body_px = body.map_or(0.0, |body| f64::from(body.offset_top()));
            let gone = ((f64::from(element.scroll_top()) - body_px) / row_px.max(1.0)).max(0.0);
            // A few rows at a time are enough: there are some beyond the edge.
            let step = BEYOND / 2;
            place.set((gone as usize / step * step, row_px));
        })
    };
    let (top, row_px) = *place;
    if rows <= DRAWN_ALL_MAX {
        return RowWindow { first: 0, end: rows, above_px: 0.0, below_px: 0.0, onscroll };
    }
    let visible = (height / row_px).ceil() as usize + BEYOND / 2;
    let first = top.saturating_sub(BEYOND).min(rows);
    let end = (top + visible + BEYOND).min(rows);
    let room = |rows: usize| if rows == 0 { 0.0 } else { (rows as f64 * row_px - SPACING_PX).max(1.0) };
    RowWindow { first, end, above_px: room(first), below_px: room(rows - end), onscroll }
}
