package io.compresso.kernel;

/** Where the operands of kernels lie that are held to the reference. */
record LawMemory(
    GuardedMemory input, GuardedMemory second, GuardedMemory third, GuardedMemory output) {
  /** Room for operands of so many bytes each; it is never freed. */
  static LawMemory of(long bytes) {
    return new LawMemory(
        new GuardedMemory(bytes),
        new GuardedMemory(bytes),
        new GuardedMemory(bytes),
        new GuardedMemory(bytes));
  }
}
