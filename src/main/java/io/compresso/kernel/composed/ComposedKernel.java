package io.compresso.kernel.composed;

import io.compresso.kernel.Isa;
import io.compresso.kernel.Kernel;
import io.compresso.kernel.KernelFamily;
import io.compresso.kernel.KernelSpec;
import io.compresso.tensor.DType;
import java.util.Locale;
import java.util.Set;

/**
 * A kernel made of others. It takes a problem only if kernels other than the reference take all of
 * its steps, each of them a simpler problem than its own, so that none leads back to it.
 */
public abstract class ComposedKernel implements Kernel {
  private final KernelSpec spec;

  /**
   * @param types how the kernel's id calls the types of the input
   * @param way how the kernel's id calls what it does
   */
  ComposedKernel(KernelFamily family, String types, Set<DType> inputTypes, String way) {
    String name = family.name().toLowerCase(Locale.ROOT).replace("_", "");
    this.spec =
        new KernelSpec(
            "%s-%s-%s-%s".formatted(types, name, way, Isa.VECTOR),
            family,
            inputTypes,
            KernelSpec.Tile.SCALAR,
            "",
            Isa.VECTOR);
  }

  @Override
  public final KernelSpec spec() {
    return spec;
  }
}
