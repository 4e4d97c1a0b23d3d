package io.compresso.job;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/** A job's process, from the outside. Closing it kills it. */
final class ChildProcess implements AutoCloseable {
  /** What says where this process has its classes from. */
  private static final List<String> ARCHIVE_OPTIONS =
      List.of("-XX:SharedArchiveFile=", "-Xlog:aot=", "-Xlog:cds=");

  private static final int MAX_LINE = 64 << 20;
  private static final int TAIL_LINES = 40;
  private static final int QUEUED_MESSAGES = 10_000;

  private final Process process;
  private final BlockingQueue<JobMessage> messages = new LinkedBlockingQueue<>(QUEUED_MESSAGES);
  private final Deque<String> tail = new ArrayDeque<>();
  private final Thread outReader;
  private final Thread errReader;

  private ChildProcess(Process process) {
    this.process = process;
    this.outReader =
        Thread.ofVirtual().unstarted(() -> read(process.inputReader(StandardCharsets.UTF_8), true));
    this.errReader =
        Thread.ofVirtual()
            .unstarted(() -> read(process.errorReader(StandardCharsets.UTF_8), false));
  }

  /**
   * Starts the same program again, as a worker.
   *
   * @param heapMb its largest Java heap
   */
  static ChildProcess start(JobOrder order, String mainClass, int heapMb) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command(order.folder(), mainClass, heapMb));
    builder.directory(order.folder().toFile());
    builder.environment().remove("JAVA_TOOL_OPTIONS");
    builder.environment().remove("JDK_JAVA_OPTIONS");
    // ONNX Runtime reports to its maker unless this is set before it is loaded.
    builder.environment().put("ORT_DISABLE_TELEMETRY", "1");
    ChildProcess child = new ChildProcess(builder.start());
    child.outReader.start();
    child.errReader.start();
    try {
      // Left open: its end tells the child that this process is gone.
      OutputStream in = child.process.getOutputStream();
      in.write(
          (JobProcess.MAPPER.writeValueAsString(order) + "\n").getBytes(StandardCharsets.UTF_8));
      in.flush();
    } catch (IOException _) {
      // The child died at once; its exit status says why.
    }
    return child;
  }

  private static List<String> command(Path folder, String mainClass, int heapMb) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (ARCHIVE_OPTIONS.stream().anyMatch(option::startsWith)) {
        command.add(option);
      }
    }
    command.add("--add-modules=jdk.incubator.vector");
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-Xmx" + heapMb + "m");
    command.add("-XX:+UseParallelGC");
    command.add("-XX:+ExitOnOutOfMemoryError");
    command.add("-XX:ErrorFile=" + folder.resolve("crash.log"));
    command.add("-Dfile.encoding=UTF-8");
    command.add("-Djava.awt.headless=true");
    command.add("-Djava.io.tmpdir=" + folder);
    String classPath = System.getProperty("java.class.path");
    if (classPath.endsWith(".jar") && !classPath.contains(java.io.File.pathSeparator)) {
      // A Boot jar, or one whose manifest names its libraries.
      command.add("-jar");
      command.add(Path.of(classPath).toAbsolutePath().toString());
    } else {
      command.add("-cp");
      command.add(absolute(classPath));
      command.add(mainClass);
    }
    command.add("worker");
    return command;
  }

  private static String absolute(String classPath) {
    List<String> entries = new ArrayList<>();
    for (String entry : classPath.split(java.io.File.pathSeparator, -1)) {
      entries.add(Path.of(entry).toAbsolutePath().toString());
    }
    return String.join(java.io.File.pathSeparator, entries);
  }

  private void read(BufferedReader reader, boolean messagesExpected) {
    try (reader) {
      for (String line = readLine(reader); line != null; line = readLine(reader)) {
        if (messagesExpected && !line.isEmpty() && line.charAt(0) == JobProcess.MARK) {
          messages.put(JobProcess.MAPPER.readValue(line.substring(1), JobMessage.class));
        } else {
          synchronized (tail) {
            tail.addLast(line);
            if (tail.size() > TAIL_LINES) {
              tail.removeFirst();
            }
          }
        }
      }
    } catch (IOException | JacksonException _) {
      process.destroyForcibly();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private static @Nullable String readLine(BufferedReader reader) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = reader.read(); c >= 0; c = reader.read()) {
      if (c == '\n') {
        return line.toString();
      }
      line.append((char) c);
      if (line.length() > MAX_LINE) {
        throw new IOException("a line of the job's process is longer than " + MAX_LINE);
      }
    }
    return line.isEmpty() ? null : line.toString();
  }

  /** The next message, or null when none comes in time. */
  @Nullable JobMessage poll(Duration patience) throws InterruptedException {
    return messages.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether it has ended and all that it said was taken. */
  boolean isDrained() {
    return !process.isAlive() && !outReader.isAlive() && messages.isEmpty();
  }

  int exitStatus() {
    return process.exitValue();
  }

  long pid() {
    return process.pid();
  }

  /** The last lines that it printed, which say why it died. */
  List<String> tail() throws InterruptedException {
    errReader.join(Duration.ofSeconds(5));
    synchronized (tail) {
      return List.copyOf(tail);
    }
  }

  /** Bytes of memory that are its own: not shared, not backed by a file. -1 when not known. */
  long memoryBytes() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid()), "status"))) {
        if (line.startsWith("RssAnon:")) {
          return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
        }
      }
    } catch (IOException _) {
      // No such system, or no such process any more.
    }
    return -1;
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
      outReader.join(Duration.ofSeconds(5));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
