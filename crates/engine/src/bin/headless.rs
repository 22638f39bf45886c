//! CafeSentinel without a window.

fn main() -> std::process::ExitCode {
    cafesentinel_engine::cli::main()
}
