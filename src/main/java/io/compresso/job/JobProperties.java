package io.compresso.job;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How jobs run on this server.
 *
 * @param parallel jobs at a time; 0 makes a server that runs none
 * @param maxMemoryMb the most memory that one job's process gets, whatever its budget says
 * @param maxAttempts times that a job is taken up anew after its server died, before it fails
 * @param progressInterval the shortest time between two progress events
 * @param leaseFolder where this host's jobs agree on who measures; the same for every server of a
 *     host
 * @param mainClass the class whose {@code worker} command runs a job
 */
@ConfigurationProperties("compresso.jobs")
public record JobProperties(
    @DefaultValue("1") int parallel,
    @DefaultValue("16384") int maxMemoryMb,
    @DefaultValue("5") int maxAttempts,
    @DefaultValue("500ms") Duration progressInterval,
    @Nullable Path leaseFolder,
    @DefaultValue("io.compresso.Compresso") String mainClass) {
  Path measuringLeaseFolder() {
    return leaseFolder == null
        ? Path.of(System.getProperty("java.io.tmpdir"), "compresso-measuring")
        : leaseFolder;
  }
}
