-- The tables that migrations 0001 to 0007 created on MariaDB before text was bytes (ADR 11), and a few rows.
CREATE TABLE `advisories` (
  `hash` varchar(64) NOT NULL,
  `description` mediumtext NOT NULL,
  `links` mediumtext NOT NULL,
  `used_at` bigint(20) NOT NULL,
  PRIMARY KEY (`hash`),
  KEY `advisories_used` (`used_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `api_tokens` (
  `id` varchar(36) NOT NULL,
  `name` varchar(128) NOT NULL,
  `role` varchar(16) NOT NULL,
  `organization_uid` varchar(36) DEFAULT NULL,
  `token_sha256` varchar(64) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `expires_at` bigint(20) DEFAULT NULL,
  `revoked_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `api_tokens_token_sha256_unique` (`token_sha256`),
  KEY `api_tokens_organization` (`organization_uid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `audit_events` (
  `id` varchar(36) NOT NULL,
  `at` bigint(20) NOT NULL,
  `kind` varchar(32) NOT NULL,
  `organization` varchar(255) DEFAULT NULL,
  `organization_uid` varchar(36) DEFAULT NULL,
  `repository` varchar(255) DEFAULT NULL,
  `reference` varchar(255) DEFAULT NULL,
  `digest` varchar(135) DEFAULT NULL,
  `cache_status` varchar(16) DEFAULT NULL,
  `http_status` bigint(20) DEFAULT NULL,
  `upstream_status` bigint(20) DEFAULT NULL,
  `bytes` bigint(20) DEFAULT NULL,
  `actor` varchar(255) NOT NULL,
  `client_address` varchar(64) DEFAULT NULL,
  `user_agent` varchar(256) DEFAULT NULL,
  `request_id` varchar(64) DEFAULT NULL,
  `detail` mediumtext NOT NULL,
  PRIMARY KEY (`id`),
  KEY `audit_events_time` (`at`,`id`),
  KEY `audit_events_organization_time` (`organization`,`at`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `blobs` (
  `digest` varchar(135) NOT NULL,
  `size` bigint(20) NOT NULL,
  `state` varchar(16) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `present_at` bigint(20) NOT NULL,
  `holders` bigint(20) DEFAULT NULL,
  `unheld_at` bigint(20) DEFAULT NULL,
  `deleting_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`digest`),
  KEY `blobs_unheld` (`unheld_at`),
  KEY `blobs_deleting` (`deleting_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `configuration_revision` (
  `id` bigint(20) NOT NULL,
  `revision` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `content_uses` (
  `node` varchar(128) NOT NULL,
  `organization_uid` varchar(36) NOT NULL,
  `repository` varchar(255) NOT NULL,
  `digest` varchar(135) NOT NULL,
  `started_at` bigint(20) NOT NULL,
  `valid_until` bigint(20) NOT NULL,
  PRIMARY KEY (`node`,`organization_uid`,`repository`,`digest`),
  KEY `content_uses_organization` (`organization_uid`),
  KEY `content_uses_digest` (`digest`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `invalidations` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `at` bigint(20) NOT NULL,
  `organization_uid` varchar(36) NOT NULL,
  `repository` varchar(255) NOT NULL,
  `tag` varchar(128) NOT NULL,
  `digest` varchar(135) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `invalidations_time` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `knex_migrations` (
  `id` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `name` varchar(255) DEFAULT NULL,
  `batch` int(11) DEFAULT NULL,
  `migration_time` timestamp NULL DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `knex_migrations_lock` (
  `index` int(10) unsigned NOT NULL AUTO_INCREMENT,
  `is_locked` int(11) DEFAULT NULL,
  PRIMARY KEY (`index`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

CREATE TABLE `known_vulnerabilities` (
  `name` varchar(255) NOT NULL,
  `first_seen_at` bigint(20) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `maintenance_leases` (
  `name` varchar(64) NOT NULL,
  `owner` varchar(36) NOT NULL,
  `valid_until` bigint(20) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `manifest_references` (
  `manifest_id` bigint(20) NOT NULL,
  `repository_id` bigint(20) NOT NULL,
  `role` varchar(16) NOT NULL,
  `position` bigint(20) NOT NULL,
  `digest` varchar(135) NOT NULL,
  `media_type` varchar(255) NOT NULL,
  `size` bigint(20) NOT NULL,
  `platform_os` varchar(64) DEFAULT NULL,
  `platform_architecture` varchar(64) DEFAULT NULL,
  `platform_variant` varchar(64) DEFAULT NULL,
  PRIMARY KEY (`manifest_id`,`role`,`position`),
  KEY `manifest_references_repository_digest` (`repository_id`,`digest`),
  KEY `manifest_references_digest` (`digest`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `manifests` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `repository_id` bigint(20) NOT NULL,
  `digest` varchar(135) NOT NULL,
  `media_type` varchar(255) NOT NULL,
  `size` bigint(20) NOT NULL,
  `artifact_type` varchar(255) DEFAULT NULL,
  `created_at` bigint(20) NOT NULL,
  `last_pulled_at` bigint(20) DEFAULT NULL,
  `origin_version` varchar(36) DEFAULT NULL,
  `used_at` bigint(20) DEFAULT NULL,
  `eviction_class` bigint(20) DEFAULT NULL,
  `eviction_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `manifests_key` (`repository_id`,`digest`),
  KEY `manifests_digest` (`digest`),
  KEY `manifests_eviction` (`origin_version`,`eviction_class`,`eviction_at`,`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `organization_statistics` (
  `organization_uid` varchar(36) NOT NULL,
  `bucket` bigint(20) NOT NULL,
  `pulls` bigint(20) NOT NULL,
  `hits` bigint(20) NOT NULL,
  `misses` bigint(20) NOT NULL,
  `stale` bigint(20) NOT NULL,
  `failures` bigint(20) NOT NULL,
  `bytes_served` bigint(20) NOT NULL,
  `bytes_fetched` bigint(20) NOT NULL,
  PRIMARY KEY (`organization_uid`,`bucket`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `organizations` (
  `uid` varchar(36) NOT NULL,
  `name` varchar(64) NOT NULL,
  `description` varchar(1024) NOT NULL,
  `visibility` varchar(16) NOT NULL,
  `time_machine_seconds` bigint(20) NOT NULL,
  `version` bigint(20) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `updated_at` bigint(20) NOT NULL,
  PRIMARY KEY (`uid`),
  UNIQUE KEY `organizations_name_unique` (`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `origin_holdings` (
  `origin_version` varchar(36) NOT NULL,
  `digest` varchar(135) NOT NULL,
  `size` bigint(20) NOT NULL,
  `manifest_repositories` bigint(20) NOT NULL,
  `blob_repositories` bigint(20) NOT NULL,
  `state` varchar(16) NOT NULL,
  `reserved_until` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`origin_version`,`digest`),
  KEY `origin_holdings_digest` (`digest`),
  KEY `origin_holdings_reserved_until` (`reserved_until`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `origin_usage` (
  `origin_version` varchar(36) NOT NULL,
  `organization_uid` varchar(36) NOT NULL,
  `used_bytes` bigint(20) NOT NULL,
  `reserved_bytes` bigint(20) NOT NULL,
  `manifest_count` bigint(20) NOT NULL,
  `blob_count` bigint(20) NOT NULL,
  `prune_pending` smallint(6) NOT NULL,
  `warned` smallint(6) NOT NULL,
  PRIMARY KEY (`origin_version`),
  KEY `origin_usage_prune_pending` (`prune_pending`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `proxy_configs` (
  `organization_uid` varchar(36) NOT NULL,
  `enabled` smallint(6) NOT NULL,
  `upstream_host` varchar(260) NOT NULL,
  `upstream_namespace` varchar(255) NOT NULL,
  `mirror_host` varchar(260) DEFAULT NULL,
  `username` varchar(255) DEFAULT NULL,
  `sealed_password` varbinary(20000) DEFAULT NULL,
  `credential_version` varchar(36) NOT NULL,
  `origin_version` varchar(36) NOT NULL,
  `origin_since` bigint(20) NOT NULL,
  `insecure` smallint(6) NOT NULL,
  `ca_certificate` mediumtext DEFAULT NULL,
  `expiration_seconds` bigint(20) NOT NULL,
  `revalidate_after_seconds` bigint(20) NOT NULL,
  `stale_if_error_seconds` bigint(20) DEFAULT NULL,
  `on_upstream_delete` varchar(16) NOT NULL,
  `complete_images` smallint(6) NOT NULL,
  `allow_repositories` mediumtext NOT NULL,
  `deny_repositories` mediumtext NOT NULL,
  PRIMARY KEY (`organization_uid`),
  UNIQUE KEY `proxy_configs_mirror_host_unique` (`mirror_host`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `quotas` (
  `organization_uid` varchar(36) NOT NULL,
  `limit_bytes` bigint(20) NOT NULL,
  `auto_prune` smallint(6) NOT NULL,
  `on_oversize` varchar(16) NOT NULL,
  `warning_percent` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`organization_uid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `recorded_events` (
  `id` varchar(36) NOT NULL,
  `at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `recorded_events_time` (`at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `repositories` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `organization_uid` varchar(36) NOT NULL,
  `origin_version` varchar(36) NOT NULL,
  `name` varchar(255) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `last_pulled_at` bigint(20) DEFAULT NULL,
  `ended_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `repositories_key` (`organization_uid`,`origin_version`,`name`),
  KEY `repositories_ended` (`ended_at`),
  KEY `repositories_origin` (`origin_version`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `repository_holdings` (
  `origin_version` varchar(36) NOT NULL,
  `digest` varchar(135) NOT NULL,
  `repository_id` bigint(20) NOT NULL,
  `is_manifest` smallint(6) NOT NULL,
  `named_by` bigint(20) NOT NULL,
  PRIMARY KEY (`origin_version`,`digest`,`repository_id`),
  KEY `repository_holdings_repository` (`repository_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `robots` (
  `organization_uid` varchar(36) NOT NULL,
  `name` varchar(64) NOT NULL,
  `description` varchar(1024) NOT NULL,
  `secret_sha256` varchar(64) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `last_used_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`organization_uid`,`name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `scan_deletions` (
  `digest` varchar(135) NOT NULL,
  `attempts` bigint(20) NOT NULL,
  `due_at` bigint(20) NOT NULL,
  PRIMARY KEY (`digest`),
  KEY `scan_deletions_due` (`due_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `scan_findings` (
  `digest` varchar(135) NOT NULL,
  `position` bigint(20) NOT NULL,
  `vulnerability` varchar(255) NOT NULL,
  `advisory` varchar(64) NOT NULL,
  `severity` bigint(20) NOT NULL,
  `fixable` smallint(6) NOT NULL,
  `package_name` varchar(255) NOT NULL,
  `package_version` varchar(255) NOT NULL,
  `fixed_in` varchar(255) DEFAULT NULL,
  `introduced_in` varchar(135) DEFAULT NULL,
  `distribution` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`digest`,`position`),
  KEY `scan_findings_vulnerability` (`vulnerability`,`digest`),
  KEY `scan_findings_advisory` (`advisory`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `scan_notifications` (
  `id` varchar(36) NOT NULL,
  `attempts` bigint(20) NOT NULL,
  `due_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `scan_notifications_due` (`due_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `scan_policies` (
  `organization_uid` varchar(36) NOT NULL,
  `block_from` varchar(16) NOT NULL,
  `only_fixable` smallint(6) NOT NULL,
  `grace_seconds` bigint(20) NOT NULL,
  `unscanned` varchar(8) NOT NULL,
  `wait_seconds` bigint(20) NOT NULL,
  `allowed_vulnerabilities` mediumtext NOT NULL,
  PRIMARY KEY (`organization_uid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `scans` (
  `digest` varchar(135) NOT NULL,
  `state` varchar(24) NOT NULL,
  `work` varchar(8) DEFAULT NULL,
  `due_at` bigint(20) DEFAULT NULL,
  `worker` varchar(36) DEFAULT NULL,
  `attempts` bigint(20) NOT NULL,
  `delete_first` smallint(6) NOT NULL,
  `queued_at` bigint(20) DEFAULT NULL,
  `started_at` bigint(20) DEFAULT NULL,
  `finished_at` bigint(20) DEFAULT NULL,
  `reported_at` bigint(20) DEFAULT NULL,
  `indexer_state` varchar(128) DEFAULT NULL,
  `tried_state` varchar(128) DEFAULT NULL,
  `error` varchar(1024) DEFAULT NULL,
  `report_hash` varchar(64) DEFAULT NULL,
  `total` bigint(20) NOT NULL,
  `fixable` bigint(20) NOT NULL,
  `critical` bigint(20) NOT NULL,
  `high` bigint(20) NOT NULL,
  `medium` bigint(20) NOT NULL,
  `low` bigint(20) NOT NULL,
  `negligible` bigint(20) NOT NULL,
  `unknown` bigint(20) NOT NULL,
  PRIMARY KEY (`digest`),
  KEY `scans_due` (`work`,`due_at`),
  KEY `scans_state` (`state`,`digest`),
  KEY `scans_tried_state` (`state`,`tried_state`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `system_settings` (
  `id` bigint(20) NOT NULL,
  `proxy_cache_enabled` smallint(6) NOT NULL,
  `quota_management_enabled` smallint(6) NOT NULL,
  `scanning_enabled` smallint(6) NOT NULL,
  `version` bigint(20) NOT NULL,
  `bootstrapped_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `tags` (
  `id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `repository_id` bigint(20) NOT NULL,
  `name` varchar(128) NOT NULL,
  `manifest_id` bigint(20) NOT NULL,
  `digest` varchar(135) NOT NULL,
  `live` smallint(6) DEFAULT NULL,
  `started_at` bigint(20) NOT NULL,
  `ended_at` bigint(20) DEFAULT NULL,
  `end_reason` varchar(16) DEFAULT NULL,
  `checked_at` bigint(20) NOT NULL,
  `expires_at` bigint(20) DEFAULT NULL,
  `refreshed_at` bigint(20) NOT NULL,
  `expiration_set_at` bigint(20) DEFAULT NULL,
  `last_pulled_at` bigint(20) DEFAULT NULL,
  `pull_count` bigint(20) NOT NULL,
  `origin_version` varchar(36) DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `tags_live` (`repository_id`,`name`,`live`),
  KEY `tags_manifest` (`manifest_id`),
  KEY `tags_expiry` (`live`,`expires_at`),
  KEY `tags_ended` (`ended_at`),
  KEY `tags_collection` (`origin_version`,`ended_at`,`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `token_keys` (
  `id` varchar(36) NOT NULL,
  `sealed_secret` varbinary(255) NOT NULL,
  `created_at` bigint(20) NOT NULL,
  `retired_at` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE `upstream_status` (
  `organization_uid` varchar(36) NOT NULL,
  `reachable` smallint(6) NOT NULL,
  `last_checked_at` bigint(20) NOT NULL,
  `last_error` varchar(1024) DEFAULT NULL,
  `rate_limit` bigint(20) DEFAULT NULL,
  `rate_limit_remaining` bigint(20) DEFAULT NULL,
  `retry_after` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`organization_uid`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

INSERT INTO knex_migrations (id, name, batch, migration_time) VALUES
  (1, '0001-organizations', 1, '2026-11-30 09:59:09'),
  (2, '0002-access', 1, '2026-11-30 09:59:09'),
  (3, '0003-content', 1, '2026-11-30 09:59:09'),
  (4, '0004-records', 1, '2026-11-30 09:59:09'),
  (5, '0005-system', 1, '2026-11-30 09:59:09'),
  (6, '0006-holdings', 1, '2026-11-30 09:59:09'),
  (7, '0007-scans', 1, '2026-11-30 09:59:09');

INSERT INTO knex_migrations_lock VALUES (1, 0);

INSERT INTO configuration_revision VALUES (1, 1);

INSERT INTO system_settings VALUES (1, 1, 1, 1, 1, NULL);

INSERT INTO audit_events (id, at, kind, actor, detail) VALUES ('one', 1, 'PULL', 'Zoë 🚀 ', '{"漢":"字"}');

INSERT INTO proxy_configs VALUES
  ('uid', 1, 'registry.example', '', NULL, 'bob ', x'00ff80', 'c', 'o', 1, 0, NULL, 1, 1, NULL, 'KEEP', 1, '[]', '[]');
