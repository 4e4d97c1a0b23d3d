-- Content kept in the blob store, by SHA-256. A row without a referring model or data set is garbage.
create table blobs (
  sha256     text        primary key check (sha256 ~ '^[0-9a-f]{64}$'),
  size       bigint      not null check (size >= 0),
  created_at timestamptz not null default now()
);
create index blobs_created_at_idx on blobs (created_at);

-- CPUs on which something was measured.
create table targets (
  id            text        primary key check (id <> ''),
  name          text        not null,
  architecture  text        not null,
  features      jsonb       not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at  timestamptz not null default now()
);

create table jobs (
  id               uuid             primary key,
  name             text             not null check (name <> ''),
  technique        text             not null check (technique <> ''),
  spec             jsonb            not null check (jsonb_typeof(spec) = 'object'),
  target           text             not null,
  state            text             not null
    check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'timed_out')),
  stage            text,
  fraction         double precision not null default 0 check (fraction between 0 and 1),
  eta_seconds      bigint           check (eta_seconds >= 0),
  gate             text             check (gate in ('passed', 'failed')),
  verdict          text             check (verdict in ('better', 'not better')),
  error            jsonb,
  cancel_requested boolean          not null default false,
  -- Grows with each worker that takes the job up; what an older one writes is refused.
  fence            bigint           not null default 0 check (fence >= 0),
  attempts         int              not null default 0 check (attempts >= 0),
  worker           text,
  idempotency_key  text             unique,
  request_hash     text             not null check (request_hash ~ '^[0-9a-f]{64}$'),
  created_at       timestamptz      not null default now(),
  started_at       timestamptz,
  finished_at      timestamptz,
  updated_at       timestamptz      not null default now(),
  constraint jobs_finished_when_terminal check
    ((state in ('queued', 'running')) = (finished_at is null)),
  constraint jobs_error_when_failed check
    ((state in ('failed', 'timed_out')) = (error is not null)),
  constraint jobs_worker_when_running check ((state = 'running') = (worker is not null))
);
create index jobs_state_idx on jobs (state, id);

create table models (
  id         uuid        primary key,
  name       text        not null check (name <> ''),
  sha256     text        not null references blobs (sha256),
  size       bigint      not null check (size >= 0),
  format     text        not null check (format in ('onnx', 'archive')),
  info       jsonb       not null check (jsonb_typeof(info) = 'object'),
  parent_id  uuid        references models (id),
  -- A job has one result: a second one violates this.
  job_id     uuid        unique references jobs (id) on delete set null,
  created_at timestamptz not null default now(),
  check (parent_id <> id)
);
create index models_sha256_idx on models (sha256);
create index models_parent_id_idx on models (parent_id);

create table datasets (
  id         uuid        primary key,
  name       text        not null check (name <> ''),
  sha256     text        not null references blobs (sha256),
  size       bigint      not null check (size >= 0),
  spec       jsonb       not null check (jsonb_typeof(spec) = 'object'),
  info       jsonb       not null check (jsonb_typeof(info) = 'object'),
  created_at timestamptz not null default now()
);
create index datasets_sha256_idx on datasets (sha256);

-- What a job reads. Keeps its models and data sets from being deleted.
create table job_models (
  job_id   uuid not null references jobs (id) on delete cascade,
  role     text not null,
  model_id uuid not null references models (id),
  primary key (job_id, role)
);
create index job_models_model_id_idx on job_models (model_id);

create table job_datasets (
  job_id     uuid not null references jobs (id) on delete cascade,
  role       text not null,
  dataset_id uuid not null references datasets (id),
  primary key (job_id, role)
);
create index job_datasets_dataset_id_idx on job_datasets (dataset_id);

create table job_events (
  id     bigint generated always as identity primary key,
  job_id uuid        not null references jobs (id) on delete cascade,
  kind   text        not null check (kind in ('state', 'progress')),
  data   jsonb       not null,
  at     timestamptz not null default now()
);
create index job_events_job_id_idx on job_events (job_id, id);

create table job_logs (
  id      bigint generated always as identity primary key,
  job_id  uuid        not null references jobs (id) on delete cascade,
  level   text        not null check (level in ('debug', 'info', 'warn', 'error')),
  message text        not null,
  at      timestamptz not null default now()
);
create index job_logs_job_id_idx on job_logs (job_id, id);

create table reports (
  job_id     uuid        primary key references jobs (id) on delete cascade,
  body       jsonb       not null check (jsonb_typeof(body) = 'object'),
  created_at timestamptz not null default now()
);

-- One figure of a report, with the CPU it was measured on.
create table measurements (
  id        bigint generated always as identity primary key,
  job_id    uuid             not null references jobs (id) on delete cascade,
  target_id text             not null references targets (id),
  subject   text             not null,
  runtime   text             not null,
  metric    text             not null,
  unit      text             not null,
  value     double precision not null,
  at        timestamptz      not null default now(),
  unique (job_id, subject, runtime, metric)
);
create index measurements_target_id_idx on measurements (target_id);

-- The queue: the table that db-scheduler asks for.
create table scheduled_tasks (
  task_name            text        not null,
  task_instance        text        not null,
  task_data            bytea,
  execution_time       timestamptz not null,
  picked               boolean     not null,
  picked_by            text,
  last_success         timestamptz,
  last_failure         timestamptz,
  consecutive_failures int,
  last_heartbeat       timestamptz,
  version              bigint      not null,
  priority             smallint,
  primary key (task_name, task_instance)
);
create index scheduled_tasks_execution_time_idx on scheduled_tasks (execution_time);
create index scheduled_tasks_last_heartbeat_idx on scheduled_tasks (last_heartbeat);
create index scheduled_tasks_priority_idx on scheduled_tasks (priority desc, execution_time asc);
