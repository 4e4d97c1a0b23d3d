package io.compresso.kernel.jit.arm;

/**
 * The 64-bit general registers; the ordinal is the number in encodings.
 *
 * <p>By the procedure call standard, {@code X0} to {@code X17} may be changed by a function, {@code
 * X18} belongs to the platform, {@code X19} to {@code X28} must be preserved.
 */
enum Reg {
  X0,
  X1,
  X2,
  X3,
  X4,
  X5,
  X6,
  X7,
  X8,
  X9,
  X10,
  X11,
  X12,
  X13,
  X14,
  X15,
  X16,
  X17,
  X18,
  X19,
  X20,
  X21,
  X22,
  X23,
  X24,
  X25,
  X26,
  X27,
  X28,
  X29,
  X30,
  /** The stack pointer as a base of addresses and in additions of constants, or else zero. */
  SP;

  /** Reads as 0. */
  static final Reg XZR = SP;
}
