package io.compresso.data.format;

import io.compresso.data.DataException;
import io.compresso.data.DataException.Code;
import io.compresso.data.DataLimits;
import io.compresso.data.DatasetSpec;
import io.compresso.data.FieldSpec;
import io.compresso.data.LabelSpec;
import io.compresso.data.TextSpec;
import io.compresso.data.archive.Archive;
import io.compresso.data.archive.Entry;
import io.compresso.data.archive.Spool;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Delimited text. It is read twice: once to learn the columns, once to write the values as arrays
 * of numbers into temporary files, from which samples are then read.
 */
final class CsvFormat {
  private final Archive archive;
  private final CsvTable table;
  private final DatasetSpec spec;
  private final Spool spool;
  private final DataLimits limits;

  private CsvFormat(Archive archive, Entry entry, DatasetSpec spec, Spool spool, DataLimits limits)
      throws IOException {
    this.archive = archive;
    this.table = new CsvTable(archive, entry, spec.csv(), spool, limits);
    this.spec = spec;
    this.spool = spool;
    this.limits = limits;
  }

  /** The samples of a file; closing them runs {@code closer}. */
  static ArrayDataset read(
      Archive archive,
      Entry entry,
      DatasetSpec spec,
      Spool spool,
      DataLimits limits,
      Runnable closer)
      throws IOException {
    return new CsvFormat(archive, entry, spec, spool, limits).read(closer);
  }

  private ArrayDataset read(Runnable closer) throws IOException {
    CsvLabels labels = new CsvLabels(table, spec.label(), spec.csv().missing());
    CsvScan scan = CsvScan.of(table, labels.candidates(), CsvLabels.MAX_CLASSES);
    CsvLabels.Plan label = labels.plan(scan);
    TextSpec text = spec.text();
    if (text == null) {
      List<FieldSpec> fields = fields(List.of(new FieldSpec("features", List.of(), null, null)));
      return read(scan, label, fields, numbers(fields, scan, label), closer);
    }
    try (CsvTokens tokens = new CsvTokens(table, text, archive, spool)) {
      List<FieldSpec> fields = fields(CsvTokens.defaultFields());
      return read(scan, label, fields, tokens.outputs(fields), closer);
    }
  }

  private List<FieldSpec> fields(List<FieldSpec> defaults) {
    return spec.fields().isEmpty() ? defaults : spec.fields();
  }

  private ArrayDataset read(
      CsvScan scan,
      CsvLabels.@Nullable Plan label,
      List<FieldSpec> fields,
      List<CsvWriter.Output> outputs,
      Runnable closer)
      throws IOException {
    CsvWriter writer = new CsvWriter(spool, limits, table.name());
    List<CsvWriter.Output> all = new ArrayList<>(outputs);
    if (label != null) {
      all.add(label.output());
    }
    List<ArrayData> arrays;
    try (CsvParser parser = table.rows()) {
      arrays = writer.write(parser, scan.rows(), all);
    }
    List<Column> columns = new ArrayList<>();
    for (int i = 0; i < fields.size(); i++) {
      columns.add(Column.raw(fields.get(i).name(), arrays.get(i), fields.get(i), limits));
    }
    Labels labels = null;
    if (label != null) {
      LabelSpec resolved = new LabelSpec(false, List.of(), label.kind(), label.classes(), null);
      labels = Labels.of(arrays.getLast(), resolved);
    }
    return new ArrayDataset(columns, labels, scan.rows(), closer);
  }

  private List<CsvWriter.Output> numbers(
      List<FieldSpec> fields, CsvScan scan, CsvLabels.@Nullable Plan label) {
    List<CsvWriter.Output> outputs = new ArrayList<>();
    for (FieldSpec field : fields) {
      List<Integer> columns = new ArrayList<>();
      for (String source : field.sources()) {
        columns.addAll(table.resolve(source, "field '" + field.name() + "'"));
      }
      if (columns.isEmpty()) {
        for (int c = 0; c < table.width(); c++) {
          if (label == null || !label.columns().contains(c)) {
            columns.add(c);
          }
        }
      }
      if (columns.isEmpty()) {
        throw new DataException(Code.MALFORMED, table.name(), "there is no column but the label");
      }
      Double missing = spec.csv().missing();
      columns.forEach(column -> scan.requireNumeric(column, missing));
      outputs.add(CsvWriter.Output.field(field.name(), columns, missing));
    }
    return outputs;
  }
}
