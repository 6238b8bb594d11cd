-- What has no portable spelling: the log refuses to be changed, whoever asks.
CREATE TRIGGER annotator_no_update BEFORE UPDATE ON annotator BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER annotator_no_delete BEFORE DELETE ON annotator BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER run_no_update BEFORE UPDATE ON run BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER run_no_delete BEFORE DELETE ON run BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER run_end_no_update BEFORE UPDATE ON run_end BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER run_end_no_delete BEFORE DELETE ON run_end BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER attempt_no_update BEFORE UPDATE ON attempt BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER attempt_no_delete BEFORE DELETE ON attempt BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER annotation_no_update BEFORE UPDATE ON annotation BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER annotation_no_delete BEFORE DELETE ON annotation BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER blob_no_update BEFORE UPDATE ON blob BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER blob_no_delete BEFORE DELETE ON blob BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER hold_no_update BEFORE UPDATE ON hold BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER hold_no_delete BEFORE DELETE ON hold BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER hold_end_no_update BEFORE UPDATE ON hold_end BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
CREATE TRIGGER hold_end_no_delete BEFORE DELETE ON hold_end BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only');
END;
