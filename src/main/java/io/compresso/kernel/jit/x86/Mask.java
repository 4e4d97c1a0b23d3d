package io.compresso.kernel.jit.x86;

/** The mask registers that select elements; {@code k0} selects all. */
enum Mask {
  K0,
  K1,
  K2,
  K3,
  K4,
  K5,
  K6,
  K7
}
