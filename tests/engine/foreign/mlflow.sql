CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO experiments VALUES (0, 'Default', '/tmp/h/h7fix/mlruns/0', 'active', 1795464906816, 1795464906816, 'default');
INSERT INTO experiments VALUES (1, 'tuning', '/tmp/h/h7fix/mlruns/1', 'active', 1795464906836, 1795464906836, 'default');
INSERT INTO runs VALUES ('4d35fd17ed724fb4bc89770feaa12a1a', 'first ✨', 'UNKNOWN', '', '', 'root', 'FINISHED', 1795464906985, 1795464907338, '', 'active', '/tmp/h/h7fix/mlruns/1/4d35fd17ed724fb4bc89770feaa12a1a/artifacts', 1, NULL);
INSERT INTO runs VALUES ('387a2eb482e44700968e3acd5206a004', 'second', 'UNKNOWN', '', '', 'root', 'FAILED', 1795464907357, 1795464907386, '', 'active', '/tmp/h/h7fix/mlruns/1/387a2eb482e44700968e3acd5206a004/artifacts', 1, NULL);
INSERT INTO metrics VALUES ('train/loss', 1.0, 1795464907054, '4d35fd17ed724fb4bc89770feaa12a1a', 0, 0);
INSERT INTO metrics VALUES ('train/loss', 0.5, 1795464907064, '4d35fd17ed724fb4bc89770feaa12a1a', 1, 0);
INSERT INTO metrics VALUES ('train/loss', 3.33333333333333314829e-01, 1795464907091, '4d35fd17ed724fb4bc89770feaa12a1a', 2, 0);
INSERT INTO metrics VALUES ('train/loss', 0.25, 1795464907098, '4d35fd17ed724fb4bc89770feaa12a1a', 3, 0);
INSERT INTO metrics VALUES ('train/loss', 0.2, 1795464907108, '4d35fd17ed724fb4bc89770feaa12a1a', 4, 0);
INSERT INTO metrics VALUES ('train/loss', 1.66666666666666657414e-01, 1795464907120, '4d35fd17ed724fb4bc89770feaa12a1a', 5, 0);
INSERT INTO metrics VALUES ('train/loss', 1.42857142857142849212e-01, 1795464907129, '4d35fd17ed724fb4bc89770feaa12a1a', 6, 0);
INSERT INTO metrics VALUES ('train/loss', 0.125, 1795464907141, '4d35fd17ed724fb4bc89770feaa12a1a', 7, 0);
INSERT INTO metrics VALUES ('train/loss', 1.11111111111111104943e-01, 1795464907171, '4d35fd17ed724fb4bc89770feaa12a1a', 8, 0);
INSERT INTO metrics VALUES ('train/loss', 0.1, 1795464907179, '4d35fd17ed724fb4bc89770feaa12a1a', 9, 0);
INSERT INTO metrics VALUES ('train/loss', 9.09090909090909116141e-02, 1795464907187, '4d35fd17ed724fb4bc89770feaa12a1a', 10, 0);
INSERT INTO metrics VALUES ('train/loss', 8.33333333333333287074e-02, 1795464907193, '4d35fd17ed724fb4bc89770feaa12a1a', 11, 0);
INSERT INTO metrics VALUES ('train/loss', 7.6923076923076927347e-02, 1795464907200, '4d35fd17ed724fb4bc89770feaa12a1a', 12, 0);
INSERT INTO metrics VALUES ('train/loss', 7.14285714285714246063e-02, 1795464907206, '4d35fd17ed724fb4bc89770feaa12a1a', 13, 0);
INSERT INTO metrics VALUES ('train/loss', 6.66666666666666657414e-02, 1795464907213, '4d35fd17ed724fb4bc89770feaa12a1a', 14, 0);
INSERT INTO metrics VALUES ('train/loss', 0.0625, 1795464907224, '4d35fd17ed724fb4bc89770feaa12a1a', 15, 0);
INSERT INTO metrics VALUES ('train/loss', 5.8823529411764705066e-02, 1795464907230, '4d35fd17ed724fb4bc89770feaa12a1a', 16, 0);
INSERT INTO metrics VALUES ('train/loss', 5.55555555555555524716e-02, 1795464907237, '4d35fd17ed724fb4bc89770feaa12a1a', 17, 0);
INSERT INTO metrics VALUES ('train/loss', 5.26315789473684181309e-02, 1795464907251, '4d35fd17ed724fb4bc89770feaa12a1a', 18, 0);
INSERT INTO metrics VALUES ('train/loss', 0.05, 1795464907264, '4d35fd17ed724fb4bc89770feaa12a1a', 19, 0);
INSERT INTO metrics VALUES ('val', 0.0, 1795464907283, '4d35fd17ed724fb4bc89770feaa12a1a', 1, 1);
INSERT INTO metrics VALUES ('val', 1.79769313486231562234e+308, 1795464907292, '4d35fd17ed724fb4bc89770feaa12a1a', 2, 0);
INSERT INTO metrics VALUES ('val', -1.79769313486231562234e+308, 1795464907319, '4d35fd17ed724fb4bc89770feaa12a1a', 3, 0);
INSERT INTO metrics VALUES ('train/loss', 9.0, 1795464907332, '4d35fd17ed724fb4bc89770feaa12a1a', 5, 0);
INSERT INTO metrics VALUES ('train/loss', 3.0, 1795464907380, '387a2eb482e44700968e3acd5206a004', 0, 0);
INSERT INTO params VALUES ('lr', '0.1', '4d35fd17ed724fb4bc89770feaa12a1a');
INSERT INTO params VALUES ('model', 'mlp', '4d35fd17ed724fb4bc89770feaa12a1a');
INSERT INTO tags VALUES ('mlflow.user', 'root', '4d35fd17ed724fb4bc89770feaa12a1a');
INSERT INTO tags VALUES ('mlflow.source.name', 'make_mlflow.py', '4d35fd17ed724fb4bc89770feaa12a1a');
INSERT INTO tags VALUES ('mlflow.source.type', 'LOCAL', '4d35fd17ed724fb4bc89770feaa12a1a');
INSERT INTO tags VALUES ('team', 'vision', '4d35fd17ed724fb4bc89770feaa12a1a');
INSERT INTO tags VALUES ('mlflow.note.content', 'a *note*', '4d35fd17ed724fb4bc89770feaa12a1a');
INSERT INTO tags VALUES ('mlflow.runName', 'first ✨', '4d35fd17ed724fb4bc89770feaa12a1a');
INSERT INTO tags VALUES ('mlflow.user', 'root', '387a2eb482e44700968e3acd5206a004');
INSERT INTO tags VALUES ('mlflow.source.name', 'make_mlflow.py', '387a2eb482e44700968e3acd5206a004');
INSERT INTO tags VALUES ('mlflow.source.type', 'LOCAL', '387a2eb482e44700968e3acd5206a004');
INSERT INTO tags VALUES ('mlflow.runName', 'second', '387a2eb482e44700968e3acd5206a004');
