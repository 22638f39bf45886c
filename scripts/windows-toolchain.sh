#!/bin/bash
# Debian, root: what is needed to check, build and link for x86_64-pc-windows-gnu from Linux.
# Idempotent; about 2 minutes the first time, a second later on.
#
# Debian's own Rust brings the sources of std and stands beside rustup's; rustup is not asked for
# another target, because that would be a download from a server of its own. With WITH_WINE=1 also
# what is needed to run the result.
set -euo pipefail
TARGET=x86_64-pc-windows-gnu
export DEBIAN_FRONTEND=noninteractive
PACKAGES=(rustc-web cargo-web rust-web-src rust-web-clippy gcc-mingw-w64-x86-64-win32)
if [ "${WITH_WINE:-0}" = 1 ]; then PACKAGES+=(wine wine64 xvfb xauth); fi
if ! dpkg -s "${PACKAGES[@]}" >/dev/null 2>&1; then
  apt-get -o DPkg::Lock::Timeout=600 update -q
  apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends "${PACKAGES[@]}"
fi

export PATH=/usr/bin:/bin:$PATH # before rustup's proxies
LIB=/usr/lib/rustlib/$TARGET/lib
STAMP="$(/usr/bin/rustc -V) v2"
if [ "$(cat "$LIB/.stamp" 2>/dev/null)" != "$STAMP" ]; then
  WORK=$(mktemp -d)
  trap 'rm -rf "$WORK"' EXIT
  mkdir "$WORK/src"
  : >"$WORK/src/lib.rs"
  cat >"$WORK/Cargo.toml" <<'TOML'
cargo-features = ["profile-rustflags"]
[package]
name = "mksysroot"
version = "0.0.0"
edition = "2021"
[lib]
[profile.release]
debug = 0
[profile.release.package.panic_abort]
rustflags = ["-Cpanic=abort"]
TOML
  (
    cd "$WORK"
    env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_TARGET_DIR -u RUSTUP_TOOLCHAIN \
      RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc \
      CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS=-Cembed-bitcode=yes \
      /usr/bin/cargo build --release --target $TARGET \
      -Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test
  )
  rm -rf "$LIB"
  mkdir -p "$LIB"
  cp "$WORK"/target/$TARGET/release/deps/lib*.rlib "$LIB/"
  rm -f "$LIB"/libmksysroot*
  echo "$STAMP" >"$LIB/.stamp"
fi

if [ "${WITH_WINE:-0}" = 1 ]; then
  export WINEPREFIX=${WINEPREFIX:-$HOME/.wine} WINEARCH=win64 WINEDEBUG=-all
  if [ ! -e "$WINEPREFIX/system.reg" ]; then
    wineboot -i >/dev/null 2>&1
    wineserver -w
  fi
  # Wine before 8.13 has no bcryptprimitives.dll, which every Rust program since 1.78 imports.
  DLL=$WINEPREFIX/drive_c/windows/system32/bcryptprimitives.dll
  if [ ! -e "$DLL" ]; then
    SOURCE=$(mktemp --suffix=.c)
    cat >"$SOURCE" <<'C'
#include <windows.h>
BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE p, SIZE_T n) {
    while (n) { ULONG k = n > 0x10000000 ? 0x10000000 : (ULONG)n; if (!SystemFunction036(p, k)) return FALSE; p += k; n -= k; }
    return TRUE;
}
C
    x86_64-w64-mingw32-gcc -O2 -shared -s -o "$DLL" "$SOURCE" -ladvapi32
    rm "$SOURCE"
  fi
fi
echo "ready: $STAMP, std for $TARGET in $LIB"
