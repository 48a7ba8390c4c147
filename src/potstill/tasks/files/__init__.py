"""The files of tasks: records in pictures and scenes, and what is written of a drawing or a scene."""
