package io.compresso.kernel;

import java.util.List;
import java.util.Locale;

/**
 * The rungs of the ladder of instruction sets, per architecture from the least to the best. A rung
 * is usable when the CPU has all of its flags, as {@code /proc/cpuinfo} names them.
 */
public enum Isa {
  /** Scalar Java. */
  REF(""),
  /** The JDK's Vector API, whatever the CPU. */
  VECTOR(""),
  AVX2("x86", "avx2", "fma", "f16c"),
  AVX_VNNI("x86", "avx2", "fma", "f16c", "avx_vnni"),
  AVX512("x86", "avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl"),
  AVX512_VNNI("x86", "avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_vnni"),
  AVX512_BF16(
      "x86",
      "avx2",
      "fma",
      "avx512f",
      "avx512bw",
      "avx512dq",
      "avx512vl",
      "avx512_vnni",
      "avx512_bf16"),
  /** 16-bit float arithmetic. */
  AVX512_FP16(
      "x86",
      "avx2",
      "fma",
      "avx512f",
      "avx512bw",
      "avx512dq",
      "avx512vl",
      "avx512_vnni",
      "avx512_bf16",
      "avx512_fp16"),
  /** Tiles of 8-bit integers and of bfloat16. */
  AMX(
      "x86",
      "avx2",
      "fma",
      "avx512f",
      "avx512bw",
      "avx512dq",
      "avx512vl",
      "avx512_vnni",
      "avx512_bf16",
      "amx_tile",
      "amx_int8",
      "amx_bf16"),
  NEON("arm", "asimd"),
  NEON_FP16("arm", "asimd", "asimdhp", "fphp"),
  NEON_DOTPROD("arm", "asimd", "asimdhp", "fphp", "asimddp"),
  NEON_I8MM("arm", "asimd", "asimdhp", "fphp", "asimddp", "i8mm"),
  NEON_BF16("arm", "asimd", "asimdhp", "fphp", "asimddp", "i8mm", "bf16");

  private final String architecture;
  private final List<String> flags;

  Isa(String architecture, String... flags) {
    this.architecture = architecture;
    this.flags = List.of(flags);
  }

  /**
   * The rung of the given name, for instance {@code avx512-vnni}.
   *
   * @throws IllegalArgumentException if there is none
   */
  public static Isa ofName(String name) {
    for (Isa isa : values()) {
      if (isa.toString().equals(name.toLowerCase(Locale.ROOT))) {
        return isa;
      }
    }
    throw new IllegalArgumentException(
        "unknown instruction set '%s', known are %s".formatted(name, List.of(values())));
  }

  /** Whether the rung is machine code and not Java. */
  public boolean isMachineCode() {
    return !architecture.isEmpty();
  }

  /** {@code x86}, or empty for rungs of any architecture. */
  public String architecture() {
    return architecture;
  }

  /** The CPU flags that the rung needs. */
  public List<String> flags() {
    return flags;
  }

  /** The rung's name in lower case with dashes. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
