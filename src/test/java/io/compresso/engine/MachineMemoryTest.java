package io.compresso.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineMemoryTest {
  @TempDir private Path root;

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void bytes_areThoseThatTheJvmTells() {
    long told =
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();

    assertThat(MachineMemory.bytes()).isEqualTo(told);
  }

  @Test
  void bytes_areTheMachines_whenNoGroupHasALimit() throws IOException {
    file("proc/meminfo", "MemTotal:       2048 kB\nMemFree:        1 kB\n");
    file("proc/self/cgroup", "0::/user.slice\n");
    file("sys/fs/cgroup/user.slice/memory.max", "max\n");

    assertThat(MachineMemory.bytes(root)).isEqualTo(2048 << 10);
  }

  @Test
  void bytes_areTheLeastLimitOfTheGroupsAround_whenTheyHaveOne() throws IOException {
    file("proc/meminfo", "MemTotal:       2048 kB\n");
    file("proc/self/cgroup", "0::/a/b\n");
    file("sys/fs/cgroup/a/memory.max", "1000000\n");
    file("sys/fs/cgroup/a/b/memory.max", "1500000\n");

    assertThat(MachineMemory.bytes(root)).isEqualTo(1_000_000);
  }

  @Test
  void bytes_areTheLimitOfTheRoot_whenTheGroupIsOfAnotherNameSpace() throws IOException {
    file("proc/meminfo", "MemTotal:       2048 kB\n");
    file("proc/self/cgroup", "5:cpu:/x\n4:memory:/docker/abc\n");
    file("sys/fs/cgroup/memory/memory.limit_in_bytes", "1048576\n");

    assertThat(MachineMemory.bytes(root)).isEqualTo(1 << 20);
  }

  @Test
  void bytes_areNotTold_whenThereAreNoFiles() {
    assertThatThrownBy(() -> MachineMemory.bytes(root)).isInstanceOf(IOException.class);
  }
}
