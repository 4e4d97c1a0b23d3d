package io.compresso.kernel.jit;

import io.compresso.kernel.Acceptance;

/** The right to use the tile registers of AMX, which Linux gives a process that asks for it. */
public final class TilePermission {
  /** {@code arch_prctl}, {@code ARCH_REQ_XCOMP_PERM} and {@code XFEATURE_XTILEDATA}. */
  private static final long ARCH_PRCTL = 158;

  private static final long REQUEST_PERMISSION = 0x1023;
  private static final long TILE_DATA = 18;

  private TilePermission() {}

  /** Whether this process may use tiles, or why not; asks for the permission when first called. */
  public static Acceptance granted() {
    return Request.RESULT;
  }

  private static final class Request {
    static final Acceptance RESULT = ask();

    private static Acceptance ask() {
      if (!System.getProperty("os.name", "").equals("Linux")
          || !System.getProperty("os.arch", "").equals("amd64")) {
        return Acceptance.no("tiles are used on Linux for x86-64 only");
      }
      try {
        return Acceptance.when(
            SystemCalls.call(ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA, 0) == 0,
            "the system does not let this process use the tile registers of AMX");
      } catch (LinkageError e) {
        return Acceptance.no("native calls are not allowed: " + e.getCause());
      }
    }
  }
}
