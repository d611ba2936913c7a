//! Canvases: what is painted on them is written to a list first, and the list is painted by `static/painter.js`, in a
//! worker where the browser can do that. Without a graphics card that is most of the work of a frame.

use js_sys::{Array, Float32Array};
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::HtmlCanvasElement;
use yew::NodeRef;

use super::dom;

#[wasm_bindgen(module = "/static/painter.js")]
extern "C" {
    fn paints_itself() -> bool;
    fn paint_on(
        canvas: &HtmlCanvasElement,
        width: f64,
        height: f64,
        ratio: f64,
        list: Float32Array,
        words: Array,
    );
}

/// Whether the page paints itself, because the browser gives it no worker for that.
pub fn is_painted_here() -> bool {
    paints_itself()
}

/// What to do next, in the order in which `static/painter.js` knows it.
#[derive(Clone, Copy)]
enum Op {
    BeginPath,
    MoveTo,
    LineTo,
    Arc,
    Rect,
    RoundRect,
    Stroke,
    Fill,
    FillRect,
    Text,
    TextWithin,
    StrokeColour,
    FillColour,
    LineWidth,
    LineCap,
    Alpha,
    Dash,
    NoDash,
    Font,
    TextAlign,
}

/// A list of strokes, in CSS pixels. Every list begins with an empty canvas, solid lines that end bluntly, and full
/// opacity.
#[derive(Default)]
pub struct Sketch {
    list: Vec<f32>,
    words: Vec<String>,
}

impl Sketch {
    /// An empty list.
    pub fn new() -> Sketch {
        let mut sketch = Sketch::default();
        sketch.alpha(1.0);
        sketch.no_dash();
        sketch.line_cap("butt");
        sketch
    }

    fn push<const N: usize>(&mut self, op: Op, figures: [f64; N]) {
        self.list.push(f32::from(op as u8));
        self.list.extend(figures.map(|figure| figure as f32));
    }

    /// The place of a word among the words.
    fn word(&mut self, word: &str) -> f64 {
        let known = self.words.iter().position(|known| known == word);
        let at = known.unwrap_or(self.words.len());
        if known.is_none() {
            self.words.push(word.to_owned());
        }
        at as f64
    }

    /// Begins a path.
    pub fn begin_path(&mut self) {
        self.push(Op::BeginPath, []);
    }

    /// Goes on at a point.
    pub fn move_to(&mut self, x: f64, y: f64) {
        self.push(Op::MoveTo, [x, y]);
    }

    /// Draws a line to a point.
    pub fn line_to(&mut self, x: f64, y: f64) {
        self.push(Op::LineTo, [x, y]);
    }

    /// Draws a line between two points.
    pub fn line(&mut self, from: (f64, f64), end: (f64, f64)) {
        self.move_to(from.0, from.1);
        self.line_to(end.0, end.1);
    }

    /// An arc around a point, between two angles in radians, clockwise from the right.
    pub fn arc(&mut self, (x, y): (f64, f64), radius: f64, from: f64, end: f64) {
        self.push(Op::Arc, [x, y, radius, from, end]);
    }

    /// A whole circle that is not joined to what the path has so far.
    pub fn circle(&mut self, (x, y): (f64, f64), radius: f64) {
        self.move_to(x + radius, y);
        self.arc((x, y), radius, 0.0, std::f64::consts::TAU);
    }

    /// A rectangle of the path.
    pub fn rect(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.push(Op::Rect, [x, y, width, height]);
    }

    /// A rectangle of the path with round corners.
    pub fn round_rect(&mut self, x: f64, y: f64, width: f64, height: f64, radius: f64) {
        self.push(Op::RoundRect, [x, y, width, height, radius]);
    }

    /// Draws the outline of the path.
    pub fn stroke(&mut self) {
        self.push(Op::Stroke, []);
    }

    /// Fills the path.
    pub fn fill(&mut self) {
        self.push(Op::Fill, []);
    }

    /// Fills a rectangle that is no part of the path.
    pub fn fill_rect(&mut self, x: f64, y: f64, width: f64, height: f64) {
        self.push(Op::FillRect, [x, y, width, height]);
    }

    /// Writes a text.
    pub fn text(&mut self, text: &str, x: f64, y: f64) {
        let text = self.word(text);
        self.push(Op::Text, [text, x, y]);
    }

    /// Writes a text, no wider than this.
    pub fn text_within(&mut self, text: &str, x: f64, y: f64, width: f64) {
        let text = self.word(text);
        self.push(Op::TextWithin, [text, x, y, width]);
    }

    /// The colour of lines.
    pub fn stroke_colour(&mut self, colour: &str) {
        let colour = self.word(colour);
        self.push(Op::StrokeColour, [colour]);
    }

    /// The colour of areas and texts.
    pub fn fill_colour(&mut self, colour: &str) {
        let colour = self.word(colour);
        self.push(Op::FillColour, [colour]);
    }

    /// The width of lines.
    pub fn line_width(&mut self, width: f64) {
        self.push(Op::LineWidth, [width]);
    }

    /// The ends of lines: `butt` or `round`.
    pub fn line_cap(&mut self, cap: &'static str) {
        let cap = self.word(cap);
        self.push(Op::LineCap, [cap]);
    }

    /// The opacity, from 0 to 1.
    pub fn alpha(&mut self, alpha: f64) {
        self.push(Op::Alpha, [alpha]);
    }

    /// Lines are dashed: so long a dash, then so long a gap.
    pub fn dash(&mut self, dash: f64, gap: f64) {
        self.push(Op::Dash, [dash, gap]);
    }

    /// Lines are solid again.
    pub fn no_dash(&mut self) {
        self.push(Op::NoDash, []);
    }

    /// The typeface and size, as in a style sheet.
    pub fn font(&mut self, font: &str) {
        let font = self.word(font);
        self.push(Op::Font, [font]);
    }

    /// Where texts stand: `left`, `center` or `right` of their place.
    pub fn text_align(&mut self, align: &'static str) {
        let align = self.word(align);
        self.push(Op::TextAlign, [align]);
    }
}

/// A canvas of the document.
pub struct Canvas {
    element: HtmlCanvasElement,
    width: f64,
    height: f64,
    scale: f64,
}

impl Canvas {
    /// Gives a canvas this size, in units of which each is so many CSS pixels. Nothing if it is not there.
    pub fn new(node: &NodeRef, width: f64, height: f64, scale: f64) -> Option<Canvas> {
        let element = node.cast::<HtmlCanvasElement>()?;
        dom::set_property(&element, "width", &format!("{}px", width * scale));
        dom::set_property(&element, "height", &format!("{}px", height * scale));
        Some(Canvas { element, width, height, scale })
    }

    /// Shows a sketch, in place of what it showed.
    pub fn show(&self, sketch: &Sketch) {
        let list = Float32Array::from(sketch.list.as_slice());
        let words: Array = sketch.words.iter().map(wasm_bindgen::JsValue::from).collect();
        paint_on(&self.element, self.width, self.height, dom::pixel_ratio() * self.scale, list, words);
    }
}
