package io.compresso.compress;

import io.compresso.data.Dataset;
import io.compresso.data.DatasetSchema;
import io.compresso.data.Sample;
import java.util.Map;

/** A data set of which only the description is at hand: enough to check a job against. */
record DescribedDataset(DatasetSchema schema, long size, Map<String, Long> classHistogram)
    implements Dataset {
  @Override
  public Sample get(long index) {
    throw new UnsupportedOperationException("only the description is at hand");
  }

  @Override
  public void close() {}
}
