package io.compresso.kernel.jit.x86;

import io.compresso.kernel.Acceptance;
import io.compresso.kernel.CpuFeatures;
import io.compresso.kernel.Isa;
import io.compresso.kernel.jit.ExecutableMemory;
import io.compresso.kernel.jit.TilePermission;

/**
 * Whether the tiles of AMX are used in this process, or why not: the CPU has them, the system lets
 * the process use them, they are as large as the kernels need, and a {@link TileCheck} holds. Found
 * out once, when first asked on a CPU with AMX; a check that fails is logged.
 */
final class TileSupport {
  private TileSupport() {}

  /**
   * Whether kernels use tiles.
   *
   * @param cpu what may be used
   */
  static Acceptance accepts(CpuFeatures cpu) {
    Acceptance rung = cpu.supports(Isa.AMX);
    return rung.accepted() ? Found.RESULT : rung;
  }

  private static final class Found {
    static final Acceptance RESULT = find();

    private static Acceptance find() {
      Acceptance usable =
          CpuFeatures.host()
              .withoutCap()
              .supports(Isa.AMX)
              .and(ExecutableMemory.allowed())
              .and(TilePermission.granted());
      if (!usable.accepted()) {
        return usable;
      }
      Acceptance large = TileLimits.host().suffice();
      if (!large.accepted()) {
        return large;
      }
      Acceptance right = new TileCheck(Assembler::new).run();
      right
          .refusal()
          .ifPresent(reason ->
              System.getLogger(TileSupport.class.getName())
                  .log(System.Logger.Level.WARNING, "AMX is not used: {0}", reason));
      return right;
    }
  }
}
