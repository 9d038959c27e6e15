output "bucket" {
  description = "The bucket's name, for the backend."
  value       = aws_s3_bucket.state.id
}
