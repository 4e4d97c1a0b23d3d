package io.compresso.op;

/** The index of the smallest element along an axis: the first of them, or the last. */
final class ArgMin extends ArgReduction {
  ArgMin() {
    super("ArgMin", false, 1, 11, 12, 13);
  }
}
