package io.compresso.kernel;

import java.util.List;

/** No kernel of the catalogue computes a problem, not even the reference. */
public final class NoKernelException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  NoKernelException(Problem problem, List<KernelCatalog.Refusal> refusals) {
    super("no kernel takes " + problem + ": " + refusals);
  }
}
