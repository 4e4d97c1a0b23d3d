#!/usr/bin/env bash
# The laws of the machine code for AArch64, under qemu on another CPU: correctness, not speed.
#
#   src/build/aarch64.sh            installs what it needs, then runs the law tests of the kernels
#   src/build/aarch64.sh install    only installs; prints the command that runs Java on AArch64
#
# The classes must be compiled (mvn test-compile). Needs root, apt and a Debian package source: qemu
# comes from the source that apt is set up with, the JDK for arm64 from the same place's trixie.
# Everything but qemu itself goes to target/aarch64. The law tests of the portable rungs, which run
# natively in mvn verify as well, are left out, and each kernel is held to a sample of the problems.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tests='*LawTest,CodeCacheTest,CpuFeaturesTest,ArmFeaturesTest'
cases=210
suite=trixie
packages=(openjdk-25-jre-headless libc6 libgcc-s1 libstdc++6 zlib1g)
home="$PWD/target/aarch64"
root="$home/root"
java="$home/jdk/bin/java"

fail() {
  echo "aarch64: $1" >&2
  exit 69
}

install_qemu() {
  command -v qemu-aarch64-static >/dev/null && return
  command -v apt-get >/dev/null || fail "qemu-aarch64-static is missing and there is no apt: install qemu-user-static"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq qemu-user-static >/dev/null
}

# The archive that the machine's own packages come from.
debian_uri() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Origin: Debian' |
    awk '$2 !~ /security/ { print $1; exit }'
}

install_jdk() {
  local uri lists package
  uri="$(debian_uri)"
  if [ -z "$uri" ]; then
    apt-get update -qq
    uri="$(debian_uri)"
  fi
  [ -n "$uri" ] || fail "apt has no Debian package source, from which the JDK for arm64 could be taken"
  rm -rf "$home"
  lists="$home/apt"
  mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial" "$home/deb" "$root/usr/lib"
  echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" \
    >"$lists/sources.list"
  local arm64=(apt-get -qq -o "Dir::Etc::sourcelist=$lists/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$lists/lists" -o "Dir::Cache=$lists/cache" -o APT::Architecture=arm64
    -o APT::Architectures::=arm64 -o APT::Sandbox::User=root)
  "${arm64[@]}" update
  (cd "$home/deb" && "${arm64[@]}" download "${packages[@]}")
  for package in "$home"/deb/*.deb; do
    dpkg -x "$package" "$root"
  done
  [ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
  mkdir -p "$(dirname "$java")"
  cat >"$java" <<EOF
#!/bin/sh
exec qemu-aarch64-static -cpu max -L "$root" \
  "$root/usr/lib/jvm/java-25-openjdk-arm64/bin/java" \
  -XX:TieredStopAtLevel=1 -XX:+UseSerialGC "\$@"
EOF
  chmod +x "$java"
  "$java" -version 2>"$home/version" || fail "the emulated JDK does not start: $(cat "$home/version")"
}

if [ "$(uname -m)" = aarch64 ]; then
  echo "aarch64: nothing to emulate, mvn verify runs the laws on this machine"
  exit
fi
install_qemu
[ -x "$java" ] || install_jdk
if [ "${1:-}" = install ]; then
  echo "$java"
  exit
fi
SECONDS=0
mvn -B -ntp surefire:test -Djvm="$java" -Dtest="$tests" -Dcompresso.laws=machine-code \
  -Dcompresso.laws.cases="$cases" | tee "$home/log"
awk -v seconds="$SECONDS" '
  $1 == "law:" { kernels++; cases += $(NF - 1) }
  END {
    printf "aarch64: %d kernels held to %d cases under qemu in %d s\n", kernels, cases, seconds
    exit kernels == 0
  }' "$home/log"
