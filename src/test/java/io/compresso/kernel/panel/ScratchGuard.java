package io.compresso.kernel.panel;

import io.compresso.kernel.GuardedMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Until it is closed, the memory that kernels take for the length of a call ends at a page that
 * must not be touched. What has been taken is taken again by the next guard. One at a time.
 */
public final class ScratchGuard implements AutoCloseable {
  private static final int ALIGNMENT = 64;
  private static final Map<Long, List<GuardedMemory>> FREE = new TreeMap<>();

  private final Map<Long, List<GuardedMemory>> taken = new TreeMap<>();

  public ScratchGuard() {
    Scratch.makeBy(this::make);
  }

  private MemorySegment make(long bytes) {
    long size = Math.ceilDiv(bytes, GuardedMemory.PAGE) * GuardedMemory.PAGE;
    GuardedMemory memory;
    synchronized (FREE) {
      List<GuardedMemory> free = FREE.getOrDefault(size, List.of());
      memory = free.isEmpty() ? new GuardedMemory(size) : free.removeLast();
      taken.computeIfAbsent(size, _ -> new ArrayList<>()).add(memory);
    }
    long whole = Math.ceilDiv(bytes, ALIGNMENT) * ALIGNMENT;
    return memory.buffer(whole, GuardedMemory.Place.ENDS_AT_A_GUARD);
  }

  @Override
  public void close() {
    Scratch.makeBy(null);
    synchronized (FREE) {
      taken.forEach(
          (size, used) -> FREE.computeIfAbsent(size, _ -> new ArrayList<>()).addAll(used));
    }
  }
}
