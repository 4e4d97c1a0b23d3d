package io.compresso.store;

import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.springframework.data.domain.Limit;
import org.springframework.data.repository.Repository;

/** Stored data sets, newest first. */
public interface DatasetRepository extends Repository<DatasetEntity, UUID> {
  DatasetEntity save(DatasetEntity dataset);

  Optional<DatasetEntity> findById(UUID id);

  List<DatasetEntity> findAllByOrderByIdDesc(Limit limit);

  List<DatasetEntity> findByIdLessThanOrderByIdDesc(UUID before, Limit limit);
}
