#!/bin/bash
# The Windows half of the program, from Linux: clippy, link, the tests under Wine, and the
# program itself under Wine, asked by curl from outside. On Debian, as root.
#
# What Wine 8 cannot do is named here, one by one, with its reason: nothing is passed over
# in silence.
set -euo pipefail
cd "$(dirname "$0")/.."
WITH_WINE=1 bash scripts/windows-toolchain.sh
apt_missing=()
for need in curl:curl jq:jq nft:nftables ip:iproute2 Xvfb:xvfb; do
  PATH=$PATH:/usr/sbin:/sbin command -v "${need%%:*}" >/dev/null || apt_missing+=("${need##*:}")
done
if [ "${#apt_missing[@]}" -gt 0 ]; then
  DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -y -q \
    --no-install-recommends "${apt_missing[@]}"
fi

TARGET=x86_64-pc-windows-gnu
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_TERM_COLOR=never
BASE=${CARGO_TARGET_DIR:-$HOME/.cache/cafesentinel/target}
# Its own folder: another compiler, and old artefacts of another std would not link (E0463).
export CARGO_TARGET_DIR=$BASE/windows
STAMP=/usr/lib/rustlib/$TARGET/lib/.stamp
if ! cmp -s "$STAMP" "$CARGO_TARGET_DIR/.std-stamp"; then
  rm -rf "$CARGO_TARGET_DIR"
  mkdir -p "$CARGO_TARGET_DIR"
  cp "$STAMP" "$CARGO_TARGET_DIR/.std-stamp"
fi
# Debian's compiler beside rustup's: with rustup's first on the PATH, its rustc would be taken.
export PATH=/usr/bin:/bin:$PATH:/usr/sbin:/sbin
unset RUSTUP_TOOLCHAIN RUSTFLAGS
export WINEPREFIX=${WINEPREFIX:-$HOME/.wine} WINEARCH=win64 WINEDEBUG=-all
export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine

step() { printf '\n-- Windows: %s (%d s)\n' "$1" $SECONDS; }

step 'clippy'
/usr/bin/cargo clippy --locked --target $TARGET --workspace --exclude cafesentinel-tests \
  --all-targets -- -D warnings

step 'build and link'
/usr/bin/cargo build --locked --target $TARGET --workspace --exclude cafesentinel-tests

step 'tests under Wine'
# A screen for Wine's desktop, so that there is something to take a picture of. A server of
# before may have another one, or none.
wineserver -k || true
exec {told}< <(exec Xvfb -displayfd 1 -screen 0 1280x720x24 -noreset -nolisten tcp 2>/dev/null)
XVFB=$!
trap 'kill $XVFB' EXIT
read -r number <&"$told"
export DISPLAY=:$number
/usr/bin/cargo test --locked --target $TARGET -p cafesentinel-domain
# Wine 8 has no Icmp6CreateFile, by which IPv6 is asked where no raw socket is allowed.
/usr/bin/cargo test --locked --target $TARGET -p cafesentinel-platform -- \
  --skip ipv6_answers_beside_ipv4
echo 'NOT RUN under Wine: ipv6_answers_beside_ipv4 (Wine 8 lacks Icmp6CreateFile)'
/usr/bin/cargo test --locked --target $TARGET -p cafesentinel-engine

step 'the program under Wine'
# In a network of its own, where nobody but the loopback can be reached.
EXE=$CARGO_TARGET_DIR/$TARGET/debug/cafesentinel-headless.exe
export EXE
unshare --net --pid --fork --mount-proc --kill-child bash scripts/windows-program.sh
wineserver -k || true
printf '\nWindows lane: all of it took %d s.\n' $SECONDS
