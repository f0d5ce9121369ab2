from django.urls import include, path

from benchmarks.support.views import one_query

urlpatterns = [path("bench/one-query/", one_query), path("", include("annotator.urls"))]
