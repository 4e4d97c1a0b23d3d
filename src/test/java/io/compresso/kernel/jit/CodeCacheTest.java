package io.compresso.kernel.jit;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CodeCacheTest {
  private static final byte[] RETURN =
      System.getProperty("os.arch").equals("aarch64")
          ? new byte[] {(byte) 0xC0, 0x03, 0x5F, (byte) 0xD6}
          : new byte[] {(byte) 0xC3};
  private static final long PAGE = 4096;

  private record Key(String name) {}

  @BeforeEach
  void machineCodeIsAllowed() {
    assertThat(ExecutableMemory.allowed().refusal()).isEmpty();
  }

  @Test
  void lease_sharesTheCodeOfEqualKeys_andItCanBeCalled() {
    try (CodeCache.Lease first = CodeCache.lease(new Key("a"), () -> RETURN);
        CodeCache.Lease second =
            CodeCache.lease(
                new Key("a"),
                () -> {
                  throw new AssertionError("generated twice");
                })) {
      assertThat(second.entry().address()).isEqualTo(first.entry().address());
      MemorySegment none = MemorySegment.NULL;
      NativeCall.block(second.entry(), none, none, none, none, 0, 0, none);
    }
  }

  @Test
  void lease_keepsCodeAfterItsLastUse() {
    CodeCache.lease(new Key("b"), () -> RETURN).close();
    try (CodeCache.Lease again =
        CodeCache.lease(
            new Key("b"),
            () -> {
              throw new AssertionError("generated twice");
            })) {
      assertThat(again.entry().address()).isNotZero();
    }
  }

  @Test
  void close_freesTheCodeThatWasIdleLongest() {
    long before = ExecutableMemory.liveBytes();
    List<CodeCache.Lease> leases = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      leases.add(CodeCache.lease(new Key("c" + i), () -> RETURN));
    }
    assertThat(ExecutableMemory.liveBytes() - before).isEqualTo(2000 * PAGE);
    leases.forEach(CodeCache.Lease::close);
    assertThat(ExecutableMemory.liveBytes()).isLessThanOrEqualTo(before + 512 * PAGE);
  }

  @Test
  void clear_freesTheCodeThatNobodyUses() {
    CodeCache.clear();
    long before = ExecutableMemory.liveBytes();
    try (CodeCache.Lease used = CodeCache.lease(new Key("e"), () -> RETURN)) {
      CodeCache.lease(new Key("f"), () -> RETURN).close();
      CodeCache.clear();
      assertThat(ExecutableMemory.liveBytes()).isEqualTo(before + PAGE);
      MemorySegment none = MemorySegment.NULL;
      NativeCall.block(used.entry(), none, none, none, none, 0, 0, none);
    }
  }

  @Test
  void close_twice_givesTheCodeBackOnce() {
    CodeCache.Lease first = CodeCache.lease(new Key("d"), () -> RETURN);
    try (CodeCache.Lease second = CodeCache.lease(new Key("d"), () -> RETURN)) {
      first.close();
      first.close();
      MemorySegment none = MemorySegment.NULL;
      NativeCall.block(second.entry(), none, none, none, none, 0, 0, none);
    }
  }
}
