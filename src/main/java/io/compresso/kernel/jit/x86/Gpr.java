package io.compresso.kernel.jit.x86;

/** The 64-bit general registers; the ordinal is the number in encodings. */
enum Gpr {
  RAX,
  RCX,
  RDX,
  RBX,
  RSP,
  RBP,
  RSI,
  RDI,
  R8,
  R9,
  R10,
  R11,
  R12,
  R13,
  R14,
  R15
}
