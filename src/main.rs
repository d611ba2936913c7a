//! One binary with two faces: the command line natively, the page for wasm32.

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    lamplight::cli::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {
    lamplight::ui::mount();
}
