package io.compresso.store;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.BaseUnits;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What the metrics say about stored content. */
final class StoreMetrics {
  private final Counter received;

  StoreMetrics(MeterRegistry registry, JdbcClient jdbc) {
    this.received =
        Counter.builder("compresso.store.received")
            .baseUnit(BaseUnits.BYTES)
            .description("Bytes that were uploaded to this server or made by its jobs")
            .register(registry);
    Gauge.builder("compresso.store.blobs", () -> ask(jdbc, "select count(*) from blobs"))
        .description("Blobs of all servers")
        .register(registry);
    Gauge.builder(
            "compresso.store.size", () -> ask(jdbc, "select coalesce(sum(size), 0) from blobs"))
        .baseUnit(BaseUnits.BYTES)
        .description("Bytes of all blobs")
        .register(registry);
  }

  void received(long bytes) {
    received.increment(bytes);
  }

  private static double ask(JdbcClient jdbc, String sql) {
    try {
      return jdbc.sql(sql).query(Double.class).single();
    } catch (DataAccessException _) {
      return Double.NaN;
    }
  }
}
