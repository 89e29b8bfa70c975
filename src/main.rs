//! The binary `muttd`.

use std::process::ExitCode;

/// The allocator: the batches that circulate need none, everything around them profits.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mutt::cli::main()
}
