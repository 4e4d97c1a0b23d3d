package io.compresso.kernel.vector;

import io.compresso.kernel.Acceptance;

/** Whether this JVM was started with the module of the Vector API. */
final class VectorModule {
  private static final Acceptance PRESENT =
      Acceptance.when(
          ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent(),
          "the JVM was started without --add-modules jdk.incubator.vector");

  private VectorModule() {}

  static Acceptance present() {
    return PRESENT;
  }
}
