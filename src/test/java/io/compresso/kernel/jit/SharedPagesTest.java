package io.compresso.kernel.jit;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedPagesTest {
  private static final long BYTES = 300_001;

  @Test
  void pieces_areZeroAlignedAndApart_whenOthersAreGivenBack() {
    List<Arena> arenas = new ArrayList<>();
    List<MemorySegment> pieces = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      Arena arena = Arena.ofShared();
      MemorySegment piece = SharedPages.allocate(arena, BYTES, 64);
      assertThat(piece).isNotNull();
      assertThat(piece.byteSize()).isEqualTo(BYTES);
      assertThat(piece.address() % 64).isZero();
      assertThat(piece.mismatch(MemorySegment.ofArray(new byte[(int) BYTES]))).isEqualTo(-1);
      piece.fill((byte) i);
      arenas.add(arena);
      pieces.add(piece);
      if (i % 3 == 2) {
        arenas.get(i - 1).close();
      }
    }
    for (int i = 0; i < pieces.size(); i++) {
      if (arenas.get(i).scope().isAlive()) {
        assertThat(pieces.get(i).get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) i);
        assertThat(pieces.get(i).get(ValueLayout.JAVA_BYTE, BYTES - 1)).isEqualTo((byte) i);
        arenas.get(i).close();
      }
    }
  }
}
