package io.compresso.graph;

import java.util.AbstractMap;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A map in the order in which it was filled, which nobody changes: a copy of it is itself. */
final class FixedMap<K, V> extends AbstractMap<K, V> {
  private static final FixedMap<?, ?> EMPTY = new FixedMap<>(new LinkedHashMap<>());

  private final Map<K, V> entries;

  private FixedMap(Map<K, V> entries) {
    this.entries = Collections.unmodifiableMap(entries);
  }

  /** The entries as they are now, in their order. */
  @SuppressWarnings("unchecked")
  static <K, V> Map<K, V> copyOf(Map<K, V> entries) {
    if (entries instanceof FixedMap) {
      return entries;
    }
    return entries.isEmpty() ? (Map<K, V>) EMPTY : new FixedMap<>(new LinkedHashMap<>(entries));
  }

  @Override
  public @Nullable V get(@Nullable Object key) {
    return entries.get(key);
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return entries.containsKey(key);
  }

  @Override
  public int size() {
    return entries.size();
  }

  @Override
  public Set<K> keySet() {
    return entries.keySet();
  }

  @Override
  public Collection<V> values() {
    return entries.values();
  }

  @Override
  public Set<Entry<K, V>> entrySet() {
    return entries.entrySet();
  }
}
