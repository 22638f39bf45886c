//! The desktop program. Until its window is built it runs the engine without one.

fn main() -> std::process::ExitCode {
    cafesentinel_engine::cli::main()
}
