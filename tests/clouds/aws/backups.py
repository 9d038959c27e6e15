"""A plan of backups that is deleted: moto keeps it, and its name, for ever."""

from moto.backup.models import BackupBackend


def install():
    original = BackupBackend.delete_backup_plan

    def forget(self, backup_plan_id):
        told = original(self, backup_plan_id)
        del self.plans[backup_plan_id]
        return told

    BackupBackend.delete_backup_plan = forget
