"""The printed page: figures, files and documents. No Streamlit."""
