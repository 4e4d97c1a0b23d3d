package io.compresso.technique;

import io.compresso.data.Binding;
import io.compresso.data.Dataset;
import io.compresso.data.Selection;
import java.util.function.BooleanSupplier;

/**
 * A data set that feeds a model.
 *
 * @param batch samples for each run, where the model fixes none
 */
record BoundData(Dataset dataset, Binding binding, int batch) implements BatchSource {
  @Override
  public long samples() {
    return dataset.size();
  }

  @Override
  public void forEach(Consumer consumer) {
    binding.forEachBatch(dataset, batch, one -> consumer.accept(one.inputs(), one.count()));
  }

  @Override
  public void forEachWhile(BooleanSupplier more, Consumer consumer) {
    binding.forEachBatch(dataset, batch, more, one -> consumer.accept(one.inputs(), one.count()));
  }

  @Override
  public BatchSource spread(long most) {
    long step = Math.ceilDiv(samples(), most);
    return step <= 1
        ? this
        : new BoundData(
            dataset.select(new Selection(0, null, step, false, null, 1, false)), binding, batch);
  }
}
