package io.compresso.engine;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * The memory of the machine, or of the container that this process runs in. Linux is asked by its
 * files, <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html">control groups</a> of both
 * versions: the management beans, which are asked elsewhere, take long to be there.
 */
final class MachineMemory {
  private static final Path ROOT = Path.of("/");

  private MachineMemory() {}

  static long bytes() {
    try {
      return bytes(ROOT);
    } catch (IOException | RuntimeException _) {
      return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
          .getTotalMemorySize();
    }
  }

  /**
   * As the files under {@code root} tell it.
   *
   * @throws IOException if there are none
   */
  static long bytes(Path root) throws IOException {
    long bytes = total(root.resolve("proc/meminfo"));
    Path groups = root.resolve("sys/fs/cgroup");
    for (String line : Files.readString(root.resolve("proc/self/cgroup")).split("\n")) {
      String[] fields = line.split(":", 3);
      if (fields.length == 3 && fields[0].equals("0")) {
        bytes = Math.min(bytes, limit(groups, fields[2], "memory.max"));
      } else if (fields.length == 3 && fields[1].equals("memory")) {
        Path memory = groups.resolve("memory");
        bytes = Math.min(bytes, limit(memory, fields[2], "memory.limit_in_bytes"));
      }
    }
    return bytes;
  }

  private static long total(Path info) throws IOException {
    for (String line : Files.readString(info).split("\n")) {
      if (line.startsWith("MemTotal:")) {
        return Math.multiplyExact(Long.parseLong(line.split(" +")[1]), 1024L);
      }
    }
    throw new IOException(info + " does not tell the memory");
  }

  /** The least limit of a group and those around it; inside a container its path may be hidden. */
  private static long limit(Path groups, String group, String file) throws IOException {
    long least = Long.MAX_VALUE;
    Path inside = groups.resolve(group.substring(1)).normalize();
    Path at = inside.startsWith(groups) ? inside : groups;
    for (; at != null && at.startsWith(groups); at = at.getParent()) {
      try {
        String text = Files.readString(at.resolve(file)).strip();
        least = Math.min(least, text.equals("max") ? Long.MAX_VALUE : Long.parseLong(text));
      } catch (NoSuchFileException _) {
        // The root has no limit, and the group of another name space no folder.
      }
    }
    return least;
  }
}
